import type { Flux } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";
import type { ClientOptions } from "./client-command.ts";
import { type ColorOption, colorOption } from "./color-option.ts";
import { argumentParser, type Command } from "./commander.ts";
import { about, usageError } from "./failure.ts";
import { print } from "./output.ts";
import type { TraceRecord } from "./trace-line.ts";

/** Options of the commands that trace messages. */
export interface TraceOptions extends ClientOptions, ColorOption {
  readonly full?: true;
  /** Bits of MessageType. */
  readonly type: number;
  readonly human?: true;
  readonly delta?: true;
}

const TYPES: Readonly<Record<string, number>> = { request: 1, response: 2, event: 4, control: 8 };
const ALL_TYPES = 15;

const typesArgument = argumentParser((text) => {
  const bits = text.split(",").map((word) => TYPES[word]);
  return bits.reduce((mask, bit) => (mask === undefined || bit === undefined ? undefined : mask | bit), 0);
}, "request, response, event or control, several with commas between them");

/** Adds the options that all traces have. */
export function withTraceOptions(command: Command): Command {
  return command
    .option("-f, --full", "with payloads that are JSON, and error texts")
    .option("-t, --type <TYPES>", "only request, response, event or control", typesArgument, ALL_TYPES)
    .option("-H, --human", "times for people")
    .option("-d, --delta", "with --human, the time between messages")
    .addOption(colorOption());
}

/** @throws Failure for options that make no sense together. */
export function checkTraceOptions({ delta, human }: TraceOptions): void {
  if (delta && !human) throw usageError("--delta can only be used with --human");
}

/** Prints what a trace service tells until it ends, with `names` in a column of their width. */
export async function printTrace(
  flux: Flux,
  topic: string,
  request: JsonObject,
  options: TraceOptions,
  names: readonly string[] = [],
): Promise<void> {
  const show = await printer(names, options);
  const { type: typemask, full = false } = options;
  const records = flux.callStream(topic, { typemask, full, ...request });
  const follow = async (): Promise<void> => {
    for await (const { text } of records) show(text ?? "{}");
  };
  await about(topic, follow());
}

async function printer(names: readonly string[], options: TraceOptions): Promise<(text: string) => void> {
  const [{ parseJson, plain }, { TraceLines }, { colorsFor }] = await Promise.all([
    import("../json/index.ts"),
    import("./trace-line.ts"),
    import("./colors.ts"),
  ]);
  if (options.json) return print;
  const width = Math.max(0, ...names.map((name) => name.length));
  const { human = false, delta = false, color } = options;
  const lines = new TraceLines({ human, delta, width, colors: colorsFor(color) });
  return (text) => {
    const record = parseJson(text, { reals: "keep" }) as JsonObject & {
      readonly payload?: JsonObject | null;
    };
    const { payload = null } = record;
    print(lines.format({ ...(plain(record) as unknown as TraceRecord), payload }));
  };
}
