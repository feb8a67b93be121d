import { FluxError, parseSize } from "../base/index.ts";
import { isObject, type JsonObject, type JsonValue, unpack } from "../json/index.ts";

/** Default of the option `NAME_BUFSIZE`, 4 MiB. */
export const BUFFER_BYTES = 4 * 1024 * 1024;

/** Largest value of the option `NAME_BUFSIZE`: a C int. */
const BUFFER_BYTES_MAX = 2 ** 31 - 1;

/** A channel that carries messages: the process finds the URI of its end under `name` in its environment. */
export interface MessageChannel {
  readonly name: string;
  /** What the messages go to. */
  readonly uri: string;
}

/** What to run: the command object of RFC 42. */
export interface Command {
  /** Program and arguments, the program at least when it is to be run. */
  readonly cmdline: readonly string[];
  /** A name to find the process by, unique on its rank. */
  readonly label?: string | undefined;
  /** Working directory; without one that of the broker. */
  readonly cwd?: string | undefined;
  /** Environment; an empty one means that of the broker. */
  readonly env: Readonly<Record<string, string>>;
  /** `NAME_BUFSIZE` and `NAME_LINE_BUFFER` of the channels. */
  readonly opts: Readonly<Record<string, string>>;
  /** Names of extra channels; the process finds the number of their file descriptor under the name in its environment. */
  readonly channels: readonly string[];
  readonly msgchan: readonly MessageChannel[];
}

/** Reads a command object. Throws EPROTO or EINVAL for what is none, as flux-core does. */
export function decodeCommand(value: JsonValue): Command {
  const [label, cwd, cmdline, env, opts, channels, msgchan] = unpack(
    value,
    "{s?s s?s s:o s:o s:o s:o s?o}",
    "label",
    "cwd",
    "cmdline",
    "env",
    "opts",
    "channels",
    "msgchan",
  );
  return {
    cmdline: strings(cmdline, "EINVAL"),
    ...(label === undefined ? {} : { label }),
    ...(cwd === undefined ? {} : { cwd }),
    env: stringRecord(env, "EINVAL"),
    opts: stringRecord(opts, "EPROTO"),
    channels: strings(channels, "EPROTO"),
    msgchan: msgchan === undefined ? [] : messageChannels(msgchan),
  };
}

/** The command object of a command. */
export function encodeCommand(command: Command): JsonObject {
  const { cwd, label, cmdline, env, opts, channels, msgchan } = command;
  return {
    cwd,
    label,
    cmdline,
    env,
    opts,
    channels,
    msgchan: msgchan.map(({ name, uri }) => ({ name, uri })),
  };
}

/**
 * Bytes that are buffered for the channel `name`.
 * @throws FluxError EINVAL for an option that is no size or 0, EOVERFLOW for one over 2 GiB.
 */
export function bufferBytes({ opts }: Command, name: string): number {
  const option = opts[`${name}_BUFSIZE`];
  if (option === undefined) return BUFFER_BYTES;
  const bytes = parseSize(option);
  if (bytes === 0) throw new FluxError("EINVAL");
  if (bytes > BUFFER_BYTES_MAX) throw new FluxError("EOVERFLOW");
  return bytes;
}

/** True when what the process writes to the channel `name` is sent line by line: the default. Throws EINVAL for a bad option. */
export function isLineBuffered({ opts }: Command, name: string): boolean {
  const option = (opts[`${name}_LINE_BUFFER`] ?? "true").toLowerCase();
  if (option !== "true" && option !== "false") throw new FluxError("EINVAL");
  return option === "true";
}

/** The name of the program without its path. */
export function programName({ cmdline }: Command): string {
  const program = cmdline[0] ?? "";
  return program.slice(program.lastIndexOf("/") + 1);
}

/** What a list of processes shows: the program, and with `flux` its subcommand, cut to 63 characters. */
export function listedName({ cmdline }: Command): string {
  const [program = "", subcommand] = cmdline;
  return program === "flux" && subcommand !== undefined ? `${program} ${subcommand}`.slice(0, 63) : program;
}

function strings(value: JsonValue, code: "EINVAL" | "EPROTO"): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw new FluxError(code);
  return value;
}

function stringRecord(value: JsonValue, code: "EINVAL" | "EPROTO"): Record<string, string> {
  if (!isObject(value)) throw new FluxError(code);
  const record: Record<string, string> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw new FluxError(code);
    record[key] = item;
  }
  return record;
}

function messageChannels(value: JsonValue): MessageChannel[] {
  if (!Array.isArray(value)) throw new FluxError("EINVAL");
  return value.map((entry: JsonValue) => {
    const { name, uri } = isObject(entry) ? entry : {};
    if (typeof name !== "string" || typeof uri !== "string") throw new FluxError("EINVAL");
    return { name, uri };
  });
}
