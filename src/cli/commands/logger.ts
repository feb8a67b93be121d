import type { Flux, LogLevel } from "../../client/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { argumentParser, type Command, Option } from "../commander.ts";
import { SEVERITIES } from "../severities.ts";

interface LoggerOptions extends ClientOptions {
  readonly severity: LogLevel;
  readonly appname: string;
}

const appnameArgument = argumentParser(
  (text) => (/^[!-~]{1,48}$/.test(text) ? text : undefined),
  "1 to 48 printable characters without a space",
);

/** `fluxbus logger`; it waits until the broker has the record. Source: flux-logger(1). */
export function loggerCommand(): Command {
  return clientCommand("logger")
    .description("write a message, or the lines of standard input, to the broker's log")
    .argument("[message...]", "words of the message (default: standard input); each line is a record")
    .addOption(
      new Option("-s, --severity <LEVEL>", "severity of the record").choices(SEVERITIES).default("notice"),
    )
    .option("-n, --appname <NAME>", "program the record is from", appnameArgument, "logger")
    .action((words: string[], options: LoggerOptions) =>
      withFlux(options, async (flux) => {
        const { logLines } = await import("../../client/index.ts");
        const write = await writer(flux, options);
        if (words.length > 0) {
          for (const line of logLines(words.join(" "))) await write(Buffer.from(line));
          return;
        }
        const { byteLines } = await import("../byte-lines.ts");
        for await (const line of byteLines(process.stdin)) await write(line);
      }),
    );
}

/** Sends one record; resolves when the broker has it. */
async function writer(flux: Flux, options: LoggerOptions): Promise<(message: Uint8Array) => Promise<void>> {
  const { encodeLogRecord, logTimestamp } = await import("../../client/index.ts");
  const { severity: level, appname } = options;
  const head = { level, rank: await flux.rank(), appname, procid: String(process.pid), message: "" };
  return async (message) => {
    const header = encodeLogRecord({ ...head, timestamp: logTimestamp() });
    await flux.call("log.append", Buffer.concat([header, message]));
  };
}
