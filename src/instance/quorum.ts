import { encodeHostlist, encodeIdset } from "../base/index.ts";
import type { LogLevel } from "../client/index.ts";
import type { BrokerState } from "./broker-state.ts";

/** Shortest time between two lines about who is online while the instance gathers, in milliseconds. */
const LINE_MS = 5000;

/** What rank 0 knows about who is online. */
export interface OnlineView {
  /** Ranks that are online, ascending. */
  readonly members: () => readonly number[];
  readonly size: number;
  /** Name of the host of each rank. */
  readonly hosts: () => readonly string[];
}

export interface QuorumOptions extends OnlineView {
  /** Ranks that have to be online before the instance runs. */
  readonly quorum: number;
  /** How long it waits before it says whom it waits for, in milliseconds; undefined for ever. */
  readonly warnMs: number | undefined;
  readonly state: () => BrokerState;
  readonly reached: () => void;
  readonly log: (level: LogLevel, text: string) => void;
}

/** Waits at rank 0 until enough brokers are online, and says who is missing, and who goes. Source: state_machine.c in flux-core. */
export class Quorum {
  readonly #options: QuorumOptions;
  #timer: NodeJS.Timeout | undefined;
  #warned = false;
  #reached = false;
  #lastLine = Number.NEGATIVE_INFINITY;
  #previous: readonly number[] = [];

  constructor(options: QuorumOptions) {
    this.#options = options;
  }

  /** The broker has entered the state `quorum`. */
  start(): void {
    const { warnMs } = this.#options;
    if (warnMs !== undefined) this.#timer = setTimeout(() => this.#warn(), warnMs);
    this.update();
  }

  /** The set of online ranks has changed. */
  update(): void {
    const { members, quorum, state, reached, log } = this.#options;
    const online = members();
    const previous = this.#previous;
    this.#previous = online;
    if (state() === "quorum" && !this.#reached) {
      const full = online.length >= quorum;
      const due = performance.now() - this.#lastLine > LINE_MS;
      if (online.length > 0 && (full || due)) {
        log("info", `online: ${this.#hosts(online)} (ranks ${encodeIdset(online)})`);
        this.#lastLine = performance.now();
      }
      if (!full) return;
      this.stop();
      if (this.#warned) log("err", "quorum reached");
      this.#reached = true;
      reached();
    } else if (state() === "run" || state() === "cleanup") {
      const left = new Set(online);
      const lost = previous.filter((rank) => !left.has(rank));
      if (lost.length > 0) log("err", `dead to Flux: ${this.#hosts(lost)} (rank ${encodeIdset(lost)})`);
    }
  }

  /** It waits no longer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #warn(): void {
    const { members, size, state, warnMs, log } = this.#options;
    if (state() !== "quorum") return;
    const online = new Set(members());
    const missing = Array.from({ length: size }, (_, rank) => rank).filter((rank) => !online.has(rank));
    log("err", `quorum delayed: waiting for ${this.#hosts(missing)} (rank ${encodeIdset(missing)})`);
    this.#warned = true;
    this.#timer = setTimeout(() => this.#warn(), warnMs);
  }

  #hosts(ranks: readonly number[]): string {
    const hosts = this.#options.hosts();
    return encodeHostlist(ranks.map((rank) => hosts[rank] ?? "?"));
  }
}
