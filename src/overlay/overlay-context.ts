import { type ErrnoName, errno } from "../base/index.ts";
import { type Message, MessageFlag, MessageType, Role, textPayload } from "../message/index.ts";
import type { OverlayHost, OverlayOptions } from "./overlay-options.ts";
import { OverlayTrace } from "./overlay-trace.ts";
import { PendingTotals } from "./pending-account.ts";
import type { PendingRefusal } from "./rpc-tracker.ts";
import type { Topology } from "./topology.ts";
import { LimitedLog } from "./transport-log.ts";

/** Lines of one kind about one neighbour that are written within ten seconds before the others are counted. */
const BURST = 5;
/** Longest text of a neighbour in a line of the log, in characters. */
const LONGEST = 64;

/** A request has a topic and a route stack. */
const REQUEST_PARTS = MessageFlag.TOPIC | MessageFlag.ROUTE;

const TYPES: Readonly<Record<number, string>> = {
  [MessageType.REQUEST]: "request",
  [MessageType.RESPONSE]: "response",
  [MessageType.EVENT]: "event",
  [MessageType.CONTROL]: "control",
};

/** What both sides of an overlay go by, that of the children and that of the parent. */
export class OverlayContext {
  readonly rank: number;
  readonly uuid: string;
  readonly topology: Topology;
  readonly host: OverlayHost;
  readonly trace = new OverlayTrace();
  /** Takes the lines that a neighbour can cause as often as it likes. */
  readonly lines: LimitedLog;
  readonly now: () => number;
  /** What waits for answers of other ranks. */
  readonly pending: PendingTotals;
  /** Requests that were refused because they could not be remembered. */
  refused = 0;
  readonly #options: OverlayOptions;
  #hosts: readonly string[] = [];

  constructor(options: OverlayOptions, now: () => number) {
    this.rank = options.rank;
    this.uuid = options.uuid;
    this.topology = options.topology;
    this.host = options.host;
    this.now = now;
    this.lines = new LimitedLog((level, text) => this.host.log(level, text), { burst: BURST });
    this.#options = options;
    this.pending = new PendingTotals(options.pending, options.account);
  }

  get options(): OverlayOptions {
    return this.#options;
  }

  /** Name of the host of a rank, for log lines too. */
  hostOf(rank: number): string {
    if (this.#hosts.length < this.topology.size) {
      const { hostlist } = this.#options;
      this.#hosts = typeof hostlist === "function" ? hostlist() : hostlist;
    }
    return this.#hosts[rank] ?? "(null)";
  }

  /** The response to a request that can't be answered any more by who it was sent to. */
  unreachable(request: Message, text: string | undefined): Message {
    return this.#failure(request, "EHOSTUNREACH", text);
  }

  /** The response to a request that is not sent on, because it can't be remembered. */
  refusal(request: Message, { code, text }: PendingRefusal): Message {
    this.refused++;
    this.lines.note(`a request to another rank is refused: ${text}`, `refused ${code}`, "warning");
    return this.#failure(request, code, text);
  }

  #failure(request: Message, code: ErrnoName, text: string | undefined): Message {
    const payload = text === undefined ? undefined : textPayload(text);
    const response = request.deriveResponse(errno[code], payload);
    response.userid = this.#options.owner;
    response.rolemask = Role.OWNER;
    return response;
  }

  /** Logs that a message of a neighbour is dropped. `from` is the uuid of a child. */
  drop(where: "upstream" | "downstream", message: Message | undefined, from: string, reason: string): void {
    const type = message === undefined ? "message" : (TYPES[message.type] ?? "unknown");
    const sender = from === "" ? "" : `from ${printable(from)}`;
    const text = `DROP ${where} ${type} topic ${printable(message?.topic ?? "-")} ${sender}: ${reason}`;
    this.lines.note(text, `drop ${where} ${from} ${reason}`);
  }
}

/** True for a request or a response without what it finds its way by: no broker sends one, and none passes it on. */
export function isAstray({ type, flags }: Message): boolean {
  if (type === MessageType.REQUEST) return (flags & REQUEST_PARTS) !== REQUEST_PARTS;
  return type === MessageType.RESPONSE && (flags & MessageFlag.ROUTE) === 0;
}

/** A text of a neighbour as a part of a line of the log: without control characters, and not long. */
export function printable(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  return short.replace(/\p{Cc}/gu, "?");
}

/** A message of a neighbour did not enter there: takes the LOCAL role off. */
export function clearLocal(message: Message): void {
  message.rolemask = (message.rolemask & ~Role.LOCAL) >>> 0;
}
