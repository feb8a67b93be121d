import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Message, MessageType } from "../../src/message/index.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/vectors");

/** One step of a recorded conversation: a connection admitted, or a message to or from the broker. */
export interface Step {
  readonly connection: number;
  readonly direction: "c2b" | "b2c";
  /** The admission byte, on the first step of a connection. */
  readonly handshake: number | undefined;
  readonly frame: Uint8Array | undefined;
  /** True when nothing follows on this connection. */
  readonly last: boolean;
}

interface Line {
  readonly conn: number;
  readonly dir: "c2b" | "b2c";
  readonly handshake?: number;
  readonly hex?: string;
}

/** Names of the recordings, without their ending. */
export function recordings(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => file.slice(0, -".jsonl".length));
}

/** The steps of a recording, in the order seen. */
export function readRecording(name: string): Step[] {
  const lines = readFileSync(join(FOLDER, `${name}.jsonl`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  return lines.map(({ conn, dir, handshake, hex }, index) => ({
    connection: conn,
    direction: dir,
    handshake,
    frame: hex === undefined ? undefined : Uint8Array.from(Buffer.from(hex, "hex")),
    last: !lines.slice(index + 1).some((later) => later.conn === conn),
  }));
}

/** Route ids of a recording by the ids of this run, learned from what the broker sends, and back. */
export class RouteMap {
  readonly #actual = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  /** Takes two stacks that should differ in their ids only; false when they do otherwise. */
  learn(recorded: readonly string[], actual: readonly string[]): boolean {
    return recorded.length === actual.length && recorded.every((id, index) => this.#pair(id, actual[index]!));
  }

  /** The recorded stack with the ids of this run. */
  translate(recorded: readonly string[]): string[] {
    return recorded.map((id) => this.#actual.get(id) ?? id);
  }

  #pair(recorded: string, actual: string): boolean {
    if (!this.#actual.has(recorded) && !this.#recorded.has(actual)) {
      this.#actual.set(recorded, actual);
      this.#recorded.set(actual, recorded);
    }
    return this.#actual.get(recorded) === actual && this.#recorded.get(actual) === recorded;
  }
}

/** What of a message is the same in every run; `owner` is the user id that the instance belongs to. */
export function lasting(message: Message, owner: number): Record<string, unknown> {
  const isEvent = message.type === MessageType.EVENT;
  return {
    type: message.type,
    flags: message.flags,
    userid: message.userid === owner ? "owner" : message.userid,
    rolemask: message.rolemask,
    aux1: isEvent && message.aux1 > 0 ? "sequence" : message.aux1,
    aux2: message.aux2,
    hops: message.routes?.length,
    topic: message.topic,
    payload: lastingPayload(message, owner),
  };
}

function lastingPayload(message: Message, owner: number): string | undefined {
  const { payload, topic } = message;
  if (payload === undefined) return undefined;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("latin1");
  if (message.type !== MessageType.RESPONSE) return text;
  switch (topic) {
    case "event.publish":
      return text.replace(/"seq":[1-9]\d*/, '"seq":N');
    case "broker.ping":
      return text.replace(/[0-9a-f]{8}(?=[!"])/g, "UUID").replace(`"userid": ${owner},`, '"userid": OWNER,');
    case "broker.stats-get":
      return text.replace(/\d+/g, "N");
    case "module.list":
      return moduleShapes(text);
    default:
      return text;
  }
}

/** The distinct shapes of the entries of a module.list: names and types of their members. */
function moduleShapes(text: string): string {
  const { mods } = JSON.parse(text.slice(0, -1)) as { mods: Record<string, unknown>[] };
  const shapes = mods.map((entry) =>
    Object.entries(entry)
      .map(([name, value]) => `${name}:${Array.isArray(value) ? "array" : typeof value}`)
      .sort()
      .join(" "),
  );
  return [...new Set(shapes)].join("\n");
}
