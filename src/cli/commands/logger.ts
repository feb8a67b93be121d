import type { LogLevel } from "../../client/index.ts";
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
    .description("write a message to the broker's log")
    .argument("[message...]", "words of the message; line ends make several records")
    .addOption(
      new Option("--severity <LEVEL>", "severity of the record").choices(SEVERITIES).default("notice"),
    )
    .option("--appname <NAME>", "program the record is from", appnameArgument, "logger")
    .action((words: string[], options: LoggerOptions) =>
      withFlux(options, async (flux) => {
        const { encodeLogRecord, logTimestamp } = await import("../../client/index.ts");
        const rank = await flux.rank();
        const { severity: level, appname } = options;
        const lines = words
          .join(" ")
          .replace(/[\r\n]+$/, "")
          .split(/[\r\n]+/);
        for (const message of lines) {
          const record = {
            level,
            timestamp: logTimestamp(),
            rank,
            appname,
            procid: String(process.pid),
            message,
          };
          await flux.call("log.append", encodeLogRecord(record));
        }
      }),
    );
}
