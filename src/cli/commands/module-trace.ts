import type { JsonObject } from "../../json/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { ColorWhen } from "../colors.ts";
import { argumentParser, type Command, Option } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print } from "../output.ts";
import type { TraceRecord } from "../trace-line.ts";

interface TraceOptions extends ClientOptions {
  readonly full?: true;
  readonly topic: string;
  readonly type: number;
  readonly human?: true;
  readonly delta?: true;
  readonly color: ColorWhen;
}

/** Bits of MessageType. */
const TYPES: Readonly<Record<string, number>> = { request: 1, response: 2, event: 4, control: 8 };
const ALL_TYPES = 15;

const typesArgument = argumentParser((text) => {
  const bits = text.split(",").map((word) => TYPES[word]);
  return bits.reduce((mask, bit) => (mask === undefined || bit === undefined ? undefined : mask | bit), 0);
}, "request, response, event or control, several with commas between them");

/** `fluxbus module trace [OPTIONS] [MODULE...]`. Source: flux-module(1). */
export function moduleTraceCommand(): Command {
  return clientCommand("trace", "one object a message and line")
    .description("print the messages that modules receive and send, until it is interrupted")
    .argument("[modules...]", "names (default: all modules)")
    .option("-f, --full", "with payloads that are JSON, and error texts")
    .option("-T, --topic <GLOB>", "only messages with such a topic", "*")
    .option("-t, --type <TYPES>", "only request, response, event or control", typesArgument, ALL_TYPES)
    .option("-H, --human", "times for people")
    .option("-d, --delta", "with --human, the time between messages")
    .addOption(
      new Option("-L, --color [WHEN]", "colorize output")
        .choices(["always", "never", "auto"])
        .preset("always")
        .default("auto"),
    )
    .action((modules: string[], options: TraceOptions) => {
      if (options.delta && !options.human) throw usageError("--delta can only be used with --human");
      return withFlux(options, async (flux) => {
        const show = await printer(modules, options);
        const { type: typemask, topic: topic_glob, full = false } = options;
        const records = flux.callStream("module.trace", { typemask, topic_glob, names: modules, full });
        const follow = async (): Promise<void> => {
          for await (const { text } of records) show(text ?? "{}");
        };
        await about("module.trace", follow());
      });
    });
}

async function printer(modules: readonly string[], options: TraceOptions): Promise<(text: string) => void> {
  const [{ parseJson, plain }, { TraceLines }, { colorsFor }] = await Promise.all([
    import("../../json/index.ts"),
    import("../trace-line.ts"),
    import("../colors.ts"),
  ]);
  if (options.json) return print;
  const width = Math.max(0, ...modules.map((name) => name.length));
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
