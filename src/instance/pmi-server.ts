import { FluxError, utf8Length } from "../base/index.ts";
import { parseLine } from "./pmi-simple.ts";

/** What a client may send, in bytes with a NUL each: names of key spaces, keys, values. */
const NAME_MAX = 64;
export const KEY_MAX = 64;
export const VALUE_MAX = 1024;

/** Most keys that are kept. */
export const ENTRIES_MAX = 65_536;

/** Return codes. Source: RFC 13. */
const FAIL = -1;
const NO_MEMORY = 2;
const INVALID_KEY = 4;
const INVALID_KEY_LENGTH = 5;
const INVALID_VALUE_LENGTH = 7;

/** What is to be done for a line: tell a rank something, close its line, or end them all, since one gave up. */
export type PmiAction =
  | { readonly act: "tell"; readonly rank: number; readonly line: string }
  | { readonly act: "close"; readonly rank: number }
  | { readonly act: "abort"; readonly rank: number; readonly status: number; readonly text: string };

export interface PmiServerOptions {
  /** Number of ranks, which a barrier waits for. */
  readonly size: number;
  /** Name of the key space; default `-`. There is one, and clients get at it by any name. */
  readonly name?: string | undefined;
  /** What is in it from the beginning: `PMI_process_mapping`. */
  readonly entries?: Readonly<Record<string, string>> | undefined;
}

/**
 * The side of a process manager in version 1 of PMI: takes the lines of its clients, one a request, and says what is to be done for each. It
 * waits for nothing and knows no sockets. A key that is put again has its last value. Source: RFC 13; what flux-start(1) answers.
 */
export class PmiServer {
  readonly #size: number;
  readonly #name: string;
  readonly #entries: Map<string, string>;
  readonly #waiting = new Set<number>();
  /** Ranks in the middle of a `spawn`, a request of many lines. */
  readonly #spawning = new Set<number>();

  constructor({ size, name = "-", entries = {} }: PmiServerOptions) {
    this.#size = size;
    this.#name = name;
    this.#entries = new Map(Object.entries(entries));
  }

  /**
   * Takes a line of a rank, without its newline.
   * @throws FluxError EPROTO for one that is no request, or lacks a word: there is no answer to it, and the rank can't go on.
   */
  take(rank: number, line: string): readonly PmiAction[] {
    const tell = (text: string): PmiAction[] => [{ act: "tell", rank, line: text }];
    if (this.#spawning.has(rank) || line === "mcmd=spawn") return this.#spawn(rank, line, tell);
    const words = parseLine(line);
    const word = (name: string): string => {
      const value = words[name];
      if (value === undefined) throw refuse(line, `no ${name}`);
      return value;
    };
    switch (words["cmd"]) {
      case "init":
        return tell(greeting(integer(line, word("pmi_version")), integer(line, word("pmi_subversion"))));
      case "get_maxes":
        return tell(`cmd=maxes rc=0 kvsname_max=${NAME_MAX} keylen_max=${KEY_MAX} vallen_max=${VALUE_MAX}`);
      case "get_appnum":
        return tell("cmd=appnum rc=0 appnum=0");
      case "get_universe_size":
        return tell(`cmd=universe_size rc=0 size=${this.#size}`);
      case "get_my_kvsname":
        return tell(`cmd=my_kvsname rc=0 kvsname=${this.#name}`);
      case "put":
        word("kvsname");
        return tell(`cmd=put_result rc=${this.#put(word("key"), word("value"))}`);
      case "get":
        word("kvsname");
        return tell(`cmd=get_result ${this.#get(word("key"))}`);
      case "barrier_in":
        return this.#enterBarrier(rank, line);
      case "finalize":
        return [...tell("cmd=finalize_ack rc=0"), { act: "close", rank }];
      case "abort":
        return [{ act: "abort", rank, status: Number(words["exitcode"]) || 1, text: messageOf(line) }];
      case "publish_name":
      case "unpublish_name":
      case "lookup_name":
        return tell(`cmd=${words["cmd"].replace("name", "result")} rc=${FAIL} msg=command not implemented`);
      default:
        throw refuse(line, "unknown command");
    }
  }

  #put(key: string, value: string): number {
    if (utf8Length(key) >= KEY_MAX) return INVALID_KEY_LENGTH;
    if (utf8Length(value) >= VALUE_MAX) return INVALID_VALUE_LENGTH;
    if (this.#entries.size >= ENTRIES_MAX && !this.#entries.has(key)) return NO_MEMORY;
    this.#entries.set(key, value);
    return 0;
  }

  #get(key: string): string {
    if (utf8Length(key) >= KEY_MAX) return `rc=${INVALID_KEY_LENGTH}`;
    const value = this.#entries.get(key);
    return value === undefined ? `rc=${INVALID_KEY}` : `rc=0 value=${value}`;
  }

  #enterBarrier(rank: number, line: string): PmiAction[] {
    if (this.#waiting.has(rank)) throw refuse(line, "the rank waits already");
    this.#waiting.add(rank);
    if (this.#waiting.size < this.#size) return [];
    const ranks = [...this.#waiting].sort((a, b) => a - b);
    this.#waiting.clear();
    return ranks.map((each) => ({ act: "tell", rank: each, line: "cmd=barrier_out rc=0" }));
  }

  #spawn(rank: number, line: string, tell: (text: string) => PmiAction[]): PmiAction[] {
    this.#spawning.add(rank);
    if (line !== "endcmd") return [];
    this.#spawning.delete(rank);
    return tell(`cmd=spawn_result rc=${FAIL}`);
  }
}

function greeting(version: number, subversion: number): string {
  const known = version === 1 && subversion >= 1;
  return known
    ? "cmd=response_to_init rc=0 pmi_version=1 pmi_subversion=1"
    : `cmd=response_to_init rc=${FAIL}`;
}

/** The text behind `error_msg=`, which runs to the end of its line. */
function messageOf(line: string): string {
  return / error_msg=(.*)$/s.exec(line)?.[1] ?? "aborted";
}

function integer(line: string, text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw refuse(line, `${text} is no number`);
  return Number(text);
}

function refuse(line: string, why: string): FluxError {
  return new FluxError("EPROTO", `PMI: ${why}: ${JSON.stringify(line.slice(0, 80))}`);
}
