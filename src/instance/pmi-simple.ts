import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { FluxError } from "../base/index.ts";

/** Longest wait for one answer of the process manager, in milliseconds: a barrier waits for the slowest broker. */
const ANSWER_MS = 10 * 60_000;

/** Return code of a key that is not there. Source: RFC 13. */
const INVALID_KEY = 4;

/** The words of a PMI line by name. The value of a key runs to the end of its line. */
type Words = Readonly<Record<string, string>>;

export interface PmiSimpleOptions {
  /** Connected stream socket to the process manager, whose number PMI_FD tells. */
  readonly socket: Duplex;
  readonly rank: number;
  readonly size: number;
  /** Takes each line that goes out (`C:`) and comes in (`S:`). */
  readonly trace?: ((text: string) => void) | undefined;
}

/**
 * A client of the process manager that started this broker: version 1 of PMI over a socket, one line a request and one an answer.
 *
 * Owner: who opened it. Ends with `finalize`. Source: RFC 13.
 */
export class PmiSimple {
  readonly rank: number;
  readonly size: number;
  /** Name of the key space: the job, under Flux. */
  readonly name: string;
  readonly #line: Dialogue;
  #finalized: Promise<void> | undefined;

  private constructor(options: PmiSimpleOptions, name: string, line: Dialogue) {
    this.rank = options.rank;
    this.size = options.size;
    this.name = name;
    this.#line = line;
  }

  /** Greets the process manager. Throws EPROTO when it answers with anything else, ECONNRESET when it hangs up. */
  static async open(options: PmiSimpleOptions): Promise<PmiSimple> {
    const line = new Dialogue(options);
    try {
      await line.ask("cmd=init pmi_version=1 pmi_subversion=1", "response_to_init");
      await line.ask("cmd=get_maxes", "maxes");
      const { kvsname = "" } = await line.ask("cmd=get_my_kvsname", "my_kvsname");
      return new PmiSimple(options, kvsname, line);
    } catch (error) {
      line.close();
      throw error;
    }
  }

  /** The value of a key; undefined when it is not there. */
  async get(key: string): Promise<string | undefined> {
    const answer = await this.#line.ask(`cmd=get kvsname=${this.name} key=${key}`, "get_result", [
      INVALID_KEY,
    ]);
    return Number(answer["rc"]) === INVALID_KEY ? undefined : (answer["value"] ?? "");
  }

  async put(key: string, value: string): Promise<void> {
    await this.#line.ask(`cmd=put kvsname=${this.name} key=${key} value=${value}`, "put_result");
  }

  /** Resolves when every broker has come here. */
  async barrier(): Promise<void> {
    await this.#line.ask("cmd=barrier_in", "barrier_out");
  }

  /** Closes the socket without a word: for who can't go on. */
  close(): void {
    this.#line.close();
  }

  /** Says good-bye and closes the socket; once, however often it is called. */
  finalize(): Promise<void> {
    this.#finalized ??= this.#finalize();
    return this.#finalized;
  }

  async #finalize(): Promise<void> {
    try {
      await this.#line.ask("cmd=finalize", "finalize_ack");
    } finally {
      this.#line.close();
    }
  }
}

/** Questions and answers in turn, over one socket. */
class Dialogue {
  readonly #socket: Duplex;
  readonly #lines: AsyncIterator<string>;
  readonly #trace: (text: string) => void;

  constructor({ socket, trace = () => {} }: PmiSimpleOptions) {
    this.#trace = trace;
    this.#socket = socket;
    this.#socket.on("error", () => {});
    this.#lines = createInterface({ input: this.#socket })[Symbol.asyncIterator]();
  }

  /** Sends a line and takes the answer, which must be `expected` with a return code of 0 or one of `allowed`. */
  async ask(line: string, expected: string, allowed: readonly number[] = []): Promise<Words> {
    this.#trace(`C: ${line}`);
    this.#socket.write(`${line}\n`);
    const step = await this.#next();
    if (step.done === true) throw new FluxError("ECONNRESET", "process manager closed the PMI socket");
    this.#trace(`S: ${step.value}`);
    const words = parseLine(step.value);
    const rc = Number(words["rc"] ?? 0);
    if (words["cmd"] !== expected || (rc !== 0 && !allowed.includes(rc))) {
      throw new FluxError("EPROTO", `PMI: ${line}: unexpected answer ${step.value}`);
    }
    return words;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #next(): Promise<IteratorResult<string>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new FluxError("ETIMEDOUT", "PMI: no answer")), ANSWER_MS);
    });
    try {
      return await Promise.race([this.#lines.next(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Takes a line apart: words `name=value`, of which `value=` takes all that follows but the mark ` found=TRUE`. */
export function parseLine(line: string): Words {
  const words: Record<string, string> = {};
  const mark = /(?:^| )value=/.exec(line);
  if (mark !== null) {
    words["value"] = line.slice(mark.index + mark[0].length).replace(/ found=TRUE\s*$/, "");
  }
  for (const word of line.slice(0, mark?.index).split(/\s+/)) {
    const cut = word.indexOf("=");
    if (cut > 0) words[word.slice(0, cut)] = word.slice(cut + 1);
  }
  return words;
}
