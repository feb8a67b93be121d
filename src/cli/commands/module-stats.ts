import type { Flux } from "../../client/index.ts";
import type { JsonObject, JsonValue } from "../../json/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { argumentParser, type Command, Option } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print } from "../output.ts";

interface StatsOptions extends ClientOptions {
  readonly parse?: string;
  readonly scale?: number;
  readonly type?: "int" | "double";
  readonly rusage?: string;
  readonly clear?: true;
  readonly clearAll?: true;
}

const WHO = new Set(["self", "children", "thread"]);

const scaleArgument = argumentParser((text) => {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? undefined : value;
}, "a number");

/** `fluxbus module stats [OPTIONS] MODULE`. Source: flux-module(1). */
export function moduleStatsCommand(): Command {
  return clientCommand("stats", "the object on one line")
    .description("print what a module, or any service, counts")
    .argument("[module]", "name")
    .option("-p, --parse <KEY>", "print one value: keys of the object, with dots between them")
    .option("-s, --scale <N>", "multiply a number by N", scaleArgument)
    .addOption(new Option("-t, --type <TYPE>", "print a number as that").choices(["int", "double"]))
    .addOption(
      new Option("-R, --rusage [WHO]", "print what the process has used: self, children, thread").preset(
        "self",
      ),
    )
    .option("-c, --clear", "set the counters to 0")
    .option("-C, --clear-all", "set the counters to 0, on all ranks")
    .action((given: string | undefined, options: StatsOptions) => {
      // As for flux-module, `-R NAME` has no WHO.
      const isName = given === undefined && options.rusage !== undefined && !WHO.has(options.rusage);
      const module = isName ? options.rusage : given;
      if (module === undefined) throw usageError("missing required argument 'module'");
      const asked = isName ? { ...options, rusage: "self" } : options;
      return withFlux(options, (flux) => stats(flux, module, asked));
    });
}

async function stats(flux: Flux, module: string, options: StatsOptions): Promise<void> {
  const clear = `${module}.stats-clear`;
  if (options.clear) {
    await about(clear, flux.call(clear));
  } else if (options.clearAll) {
    flux.sendEvent(flux.encodeEvent(clear));
  } else {
    const topic = options.rusage === undefined ? `${module}.stats-get` : `${module}.rusage`;
    const who = options.rusage === undefined ? undefined : { who: options.rusage };
    const { text } = await about(topic, flux.call(topic, who));
    const { parseJson } = await import("../../json/index.ts");
    await show(parseJson(text ?? "{}", { reals: "keep" }), options);
  }
}

async function show(whole: JsonValue, options: StatsOptions): Promise<void> {
  const [{ Real, stringifyJson }, { indentJson }] = await Promise.all([
    import("../../json/index.ts"),
    import("../indent-json.ts"),
  ]);
  const { parse, scale = 1, type, json } = options;
  const value = parse === undefined ? whole : valueAt(whole, parse);
  const isInteger = typeof value === "number" || typeof value === "bigint";
  const number = isInteger || value instanceof Real ? Number(value) * scale : 0;
  if (json) print(stringifyJson(value, { any: true }));
  else if (isInteger || type === "int") print(String(Math.trunc(number)));
  else if (value instanceof Real || type === "double") print(number.toFixed(6));
  else print(indentJson(value, 1));
}

function valueAt(whole: JsonValue, path: string): JsonValue {
  let value: JsonValue | undefined = whole;
  for (const key of path.split(".")) {
    const isObject: boolean = typeof value === "object" && value !== null && Object.hasOwn(value, key);
    value = isObject ? (value as JsonObject)[key] : undefined;
  }
  if (value === undefined) throw usageError(`'${path}' is not in the response`);
  return value;
}
