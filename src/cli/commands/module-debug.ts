import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { argumentParser, type Command } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print, printJson } from "../output.ts";

interface DebugOptions extends ClientOptions {
  readonly clear?: true;
  readonly set?: number;
  readonly setbit?: number;
  readonly clearbit?: number;
}

const maskArgument = argumentParser((text) => {
  if (!/^(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return undefined;
  const value = /^0\d/.test(text) ? Number.parseInt(text, 8) : Number(text);
  return value <= 0xffffffff ? value | 0 : undefined;
}, "a mask of 32 bits, as in 0x10");

/** `fluxbus module debug [OPTIONS] MODULE`. Source: flux-module(1). */
export function moduleDebugCommand(): Command {
  return clientCommand("debug", '{"flags"}')
    .description("print or change the debug flags of a module")
    .argument("<module>", "name")
    .option("-C, --clear", "set the flags to 0")
    .option("-S, --set <MASK>", "set the flags to MASK", maskArgument)
    .option("-s, --setbit <MASK>", "set the bits of MASK", maskArgument)
    .option("-c, --clearbit <MASK>", "clear the bits of MASK", maskArgument)
    .action((module: string, options: DebugOptions) =>
      withFlux(options, async (flux) => {
        const topic = `${module}.debug`;
        const { flags } = await about(topic, flux.rpc<{ flags: number }>(topic, operation(options)));
        if (options.json) printJson({ flags });
        else print(`0x${(flags >>> 0).toString(16)}`);
      }),
    );
}

function operation({ clear, set, setbit, clearbit }: DebugOptions): { op: string; flags: number } {
  const asked = [
    ...(clear ? [{ op: "clr", flags: 0 }] : []),
    ...(set === undefined ? [] : [{ op: "set", flags: set }]),
    ...(clearbit === undefined ? [] : [{ op: "clrbit", flags: clearbit }]),
    ...(setbit === undefined ? [] : [{ op: "setbit", flags: setbit }]),
  ];
  if (asked.length > 1) throw usageError("--clear, --set, --setbit and --clearbit exclude each other");
  return asked[0] ?? { op: "setbit", flags: 0 };
}
