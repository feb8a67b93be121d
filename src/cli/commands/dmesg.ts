import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { type ColorOption, colorOption } from "../color-option.ts";
import type { Command } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print, printJson } from "../output.ts";

interface DmesgOptions extends ClientOptions, ColorOption {
  readonly clear?: true;
  readonly readClear?: true;
  readonly follow?: true;
  readonly new?: true;
  readonly human?: true;
  readonly delta?: true;
}

/** `fluxbus dmesg`. Source: flux-dmesg(1). */
export function dmesgCommand(): Command {
  return clientCommand("dmesg", '{"timestamp", "level", "appname", "rank", "procid", "message"}, one a line')
    .description("print or clear the broker's log")
    .option("-C, --clear", "clear the log")
    .option("-c, --read-clear", "clear the log after printing it")
    .option("-f, --follow", "go on with new records as they are logged")
    .option("-n, --new", "only new records: with --follow, leave out those there are")
    .option("-H, --human", "times for people")
    .option("-d, --delta", "with --human, the time between records")
    .addOption(colorOption())
    .action((options: DmesgOptions) => {
      if (options.delta && !options.human) throw usageError("--delta can only be used with --human");
      return withFlux(options, async (flux) => {
        if (!options.clear) {
          const show = await printer(options);
          const request = { follow: options.follow === true, nobacklog: options.new === true };
          const records = flux.callStream("log.dmesg", request);
          await about(
            "log.dmesg",
            forEach(records, ({ payload }) => show(payload)),
          );
        }
        if (options.clear || options.readClear) await about("log.clear", flux.call("log.clear"));
      });
    });
}

/** Prints the payloads of log.dmesg, whose messages may be no UTF-8. */
async function printer(options: DmesgOptions): Promise<(payload: Uint8Array | undefined) => void> {
  const [{ decodeUtf8, printable }, { parseLogRecord }, { LogLines }, { colorsFor }] = await Promise.all([
    import("../../base/index.ts"),
    import("../../client/index.ts"),
    import("../log-line.ts"),
    import("../colors.ts"),
  ]);
  const colors = colorsFor(options.color);
  const lines = new LogLines({ human: options.human === true, delta: options.delta === true, colors });
  return (payload = new Uint8Array(0)) => {
    const text = decodeUtf8(payload).replace(/\0$/, "");
    const record = parseLogRecord(text);
    if (options.json) printJson(record ?? { message: text });
    else print(record === undefined ? printable(text) : lines.format(record));
  };
}

async function forEach<T>(items: AsyncIterable<T>, take: (item: T) => void): Promise<void> {
  for await (const item of items) take(item);
}
