import { readFile } from "node:fs/promises";
import { outputOf, ProgramError } from "../system/index.ts";

/** The databases of users and groups. Each question is answered with undefined when there is no such entry, and fails when nobody could say. */
export interface NameDatabase {
  /** The user id of a login name. */
  useridOf(name: string): Promise<number | undefined>;
  /** The login name of a user id. */
  nameOf(userid: number): Promise<string | undefined>;
  /** The login names in a group's list of members: without those whose primary group it is. */
  membersOf(group: string): Promise<ReadonlySet<string> | undefined>;
}

export interface SystemNamesOptions {
  /** Program that prints entries, as getent(1); default `getent`. Where there is none, the files of `directory` are read. */
  readonly getent?: string | undefined;
  /** Where the files `passwd` and `group` are; default `/etc`. */
  readonly directory?: string | undefined;
  /** How long an answer is good for; default 60 s, 0 for one use. */
  readonly cacheMs?: number | undefined;
  /** Most answers kept, from 1; default 1,024. Of more the oldest goes. */
  readonly cacheSize?: number | undefined;
  /** Longest time for an answer; default 10 s. Beyond it the question has failed. */
  readonly timeoutMs?: number | undefined;
}

type Database = "passwd" | "group";

interface Answer {
  readonly entry: Promise<readonly string[] | undefined>;
  readonly until: number;
}

/** Default of `cacheSize`. */
export const CACHE_SIZE = 1024;
/** Defaults of `cacheMs` and `timeoutMs`. */
export const CACHE_MS = 60_000;
export const TIMEOUT_MS = 10_000;
/** Longest entry: that of a group with very many members. */
export const ENTRY_BYTES = 16 * 1024 * 1024;
/** Exit status of getent for a key that is not there. */
const NOT_FOUND = 2;

/**
 * The system's databases of users and groups, asked through getent(1): it knows what the site's name service switch knows, such as LDAP and
 * SSSD, and the event loop does not wait for it. Answers are kept for a minute, so that a user who connects often costs nothing, and one
 * who left a group has lost its role a minute later. Failures are not kept.
 */
export class SystemNames implements NameDatabase {
  readonly #getent: string;
  readonly #directory: string;
  readonly #cacheMs: number;
  readonly #cacheSize: number;
  readonly #timeoutMs: number;
  readonly #answers = new Map<string, Answer>();

  constructor(options: SystemNamesOptions = {}) {
    this.#getent = options.getent ?? "getent";
    this.#directory = options.directory ?? "/etc";
    this.#cacheMs = options.cacheMs ?? CACHE_MS;
    this.#cacheSize = options.cacheSize ?? CACHE_SIZE;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  async useridOf(name: string): Promise<number | undefined> {
    const entry = await this.#find("passwd", name);
    return entry === undefined ? undefined : idOf(entry[2]);
  }

  async nameOf(userid: number): Promise<string | undefined> {
    const entry = await this.#ask("passwd", String(userid));
    return entry === undefined || idOf(entry[2]) !== userid ? undefined : entry[0];
  }

  async membersOf(group: string): Promise<ReadonlySet<string> | undefined> {
    const entry = await this.#find("group", group);
    return entry === undefined
      ? undefined
      : new Set((entry[3] ?? "").split(",").filter((name) => name !== ""));
  }

  /** The entry of a name. What getent would take for a number or an option is nobody's name, unless the entry says so itself. */
  async #find(database: Database, name: string): Promise<readonly string[] | undefined> {
    if (!/^[^-:\n\0][^:\n\0]*$/.test(name)) return undefined;
    const entry = await this.#ask(database, name);
    return /^\s*[-+]?\d+$/.test(name) && entry?.[0] !== name ? undefined : entry;
  }

  #ask(database: Database, key: string): Promise<readonly string[] | undefined> {
    const question = `${database} ${key}`;
    const known = this.#answers.get(question);
    const now = performance.now();
    if (known !== undefined && now < known.until) return known.entry;
    const entry = this.#lookup(database, key);
    const answer = { entry, until: now + this.#cacheMs };
    this.#answers.delete(question);
    this.#answers.set(question, answer);
    if (this.#answers.size > this.#cacheSize) this.#answers.delete(this.#answers.keys().next().value!);
    entry.catch(() => {
      if (this.#answers.get(question) === answer) this.#answers.delete(question);
    });
    return entry;
  }

  async #lookup(database: Database, key: string): Promise<readonly string[] | undefined> {
    const text = await outputOf(this.#getent, [database, key], {
      timeoutMs: this.#timeoutMs,
      maxBytes: ENTRY_BYTES,
    }).catch((error: unknown) => {
      const code = error instanceof ProgramError ? error.code : undefined;
      if (code === "ENOENT") return this.#readFile(database, key);
      if (code === NOT_FOUND) return "";
      throw error;
    });
    const line = text.split("\n", 1)[0]!;
    return line === "" ? undefined : line.split(":");
  }

  /** The line of a file whose name or number is `key`, by the rules of getent. */
  async #readFile(database: Database, key: string): Promise<string> {
    const lines = (await readFile(`${this.#directory}/${database}`, "utf8")).split("\n");
    const field = database === "passwd" && /^\d+$/.test(key) ? 2 : 0;
    return lines.find((line) => line.split(":")[field] === key) ?? "";
  }
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
