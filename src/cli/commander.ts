import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { ExitStatus } from "./exit-status.ts";

export { Command, InvalidArgumentError, Option };

/**
 * A command that says what is wrong with its arguments as `fluxbus NAME: text`, and never ends the process by itself.
 */
export function command(name: string): Command {
  const made: Command = new Command(name);
  return made
    .exitOverride()
    .showSuggestionAfterError()
    .helpOption("-h, --help", "display this message")
    .configureOutput({
      outputError: (text, write) => {
        const path = commandPath(made);
        write(
          `${path}: ${text.replace(/^error: /, "").trimEnd()}\nTry '${path} --help' for more information.\n`,
        );
      },
    });
}

/** `fluxbus event pub`: the names from the root to the command. */
export function commandPath(leaf: Command): string {
  return leaf.parent === null ? leaf.name() : `${commandPath(leaf.parent)} ${leaf.name()}`;
}

/** The exit status when the parser ended the run: help and version are what was asked for, anything else is wrong usage. */
export function parserStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof CommanderError)) return undefined;
  return thrown.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE;
}

/** A parser of an argument whose complaint commander shows; `parse` returns undefined for what is none. */
export function argumentParser<T>(
  parse: (text: string) => T | undefined,
  expected: string,
): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
    return value;
  };
}
