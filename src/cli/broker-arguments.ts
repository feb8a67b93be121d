import { FluxError } from "../base/index.ts";

/** What the words of a flux-broker command line say. */
export interface BrokerArguments {
  /** True when all that is asked for is how it is used. */
  readonly help: boolean;
  /** How often -v was given, or its number. */
  readonly verbose: number;
  /** Names and values of -S, in their order; the value is undefined without a `=`. */
  readonly attributes: readonly (readonly [name: string, value: string | undefined])[];
  readonly configPath: string | undefined;
  /** Values of --conf, in their order. */
  readonly config: readonly string[];
  /** Words of the initial program. */
  readonly program: readonly string[];
}

/** Options by their names: what they take is nothing, required, or optional and then attached. */
const OPTIONS: Readonly<
  Record<string, { readonly name: string; readonly takes: "nothing" | "required" | "optional" }>
> = {
  h: { name: "help", takes: "nothing" },
  help: { name: "help", takes: "nothing" },
  v: { name: "verbose", takes: "optional" },
  verbose: { name: "verbose", takes: "optional" },
  S: { name: "setattr", takes: "required" },
  setattr: { name: "setattr", takes: "required" },
  c: { name: "config-path", takes: "required" },
  "config-path": { name: "config-path", takes: "required" },
  conf: { name: "conf", takes: "required" },
};

/**
 * Reads the command line of flux-broker: options up to the first word that is none, then the initial program.
 * @throws FluxError EINVAL for an unknown option, a missing or a wrong value. Source: flux-broker(1).
 */
export function parseBrokerArguments(words: readonly string[]): BrokerArguments {
  let help = false;
  let verbose = 0;
  let configPath: string | undefined;
  const attributes: [string, string | undefined][] = [];
  const config: string[] = [];
  const rest = [...words];
  while (rest[0]?.startsWith("-") === true && rest[0] !== "-") {
    const word = rest.shift()!;
    if (word === "--") break;
    const { name, value } = takeOption(word, rest);
    if (name === "help") help = true;
    else if (name === "verbose") verbose = value === undefined ? verbose + 1 : levelOf(value);
    else if (name === "config-path") configPath = value;
    else if (name === "conf") config.push(value!);
    else attributes.push(pairOf(value!));
  }
  return { help, verbose, attributes, configPath, config, program: rest };
}

/** Name and value of the option in `word`, the value taken from `rest` where it stands there. */
function takeOption(word: string, rest: string[]): { name: string; value: string | undefined } {
  const match = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? /^-([^-])(.+)?$/s.exec(word);
  const option = OPTIONS[match?.[1] ?? ""];
  if (option === undefined) throw new FluxError("EINVAL", `unrecognized option '${word}'`);
  let value = match![2];
  if (option.takes === "nothing" && value !== undefined)
    throw new FluxError("EINVAL", `option '${word}' takes no value`);
  // Repeated letters, as in -vv, count.
  if (option.name === "verbose" && value !== undefined && /^v+$/.test(value)) {
    rest.unshift(`-${value}`);
    value = undefined;
  }
  if (value === undefined && option.takes === "required") {
    value = rest.shift();
    if (value === undefined) throw new FluxError("EINVAL", `option '${word}' requires an argument`);
  }
  return { name: option.name, value };
}

function levelOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new FluxError("EINVAL", `verbose: ${text} is no number`);
  return Number(text);
}

function pairOf(text: string): [string, string | undefined] {
  const cut = text.indexOf("=");
  if (cut === 0 || text === "") throw new FluxError("EINVAL", `error parsing --setattr=${text}`);
  return cut < 0 ? [text, undefined] : [text.slice(0, cut), text.slice(cut + 1)];
}
