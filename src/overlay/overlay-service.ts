import { aborted, FluxError } from "../base/index.ts";
import { Followers, type Methods, type Request } from "../client/index.ts";
import { isObject, type JsonObject, real } from "../json/index.ts";
import { Role } from "../message/index.ts";
import { type DebugFlags, debugMethod } from "../methods/index.ts";
import type { Child, Children } from "./children.ts";
import type { OverlayContext } from "./overlay-context.ts";
import type { OverlayStats, TorpidSettings } from "./overlay-options.ts";
import { isOnline, type SubtreeStatus } from "./subtree-status.ts";

/** What the service shows of an overlay, and does to it. */
export interface OverlayView {
  readonly debug: DebugFlags;
  readonly children: Children;
  /** The status of the subtree here, and since when. */
  readonly status: SubtreeStatus;
  readonly statusSince: number;
  readonly stats: OverlayStats;
  /** Makes a child leave. */
  disconnectChild(child: Child): void;
  /** Gives up the connection to the parent, if there is one. */
  loseParent(): void;
  setTorpid(settings: TorpidSettings): void;
}

/** `overlay`: what flux-overlay(1), groups and resource ask for. Source: overlay.c, ovconf.c in flux-core. */
export class OverlayService {
  readonly methods: Methods;
  readonly #context: OverlayContext;
  readonly #view: OverlayView;
  readonly #health = new Followers();
  readonly #monitors = new Followers();

  constructor(context: OverlayContext, view: OverlayView) {
    this.#context = context;
    this.#view = view;
    this.methods = {
      health: { allow: Role.USER, later: true, request: (request) => this.#followHealth(request) },
      topology: { allow: Role.USER, request: (request) => this.#topology(request) },
      monitor: { later: true, request: (request) => this.#monitor(request) },
      "stats-get": { allow: Role.USER, request: (request) => this.#stats(request) },
      "disconnect-subtree": { request: (request) => this.#disconnectSubtree(request) },
      "disconnect-parent": { request: (request) => this.#disconnectParent(request) },
      trace: { request: (request) => this.#trace(request) },
      debug: debugMethod(view.debug),
      ...(context.options.reconfigure !== undefined && {
        "config-reload": { request: (request: Request) => this.#configure(request, false) },
        "config-sync": { request: (request: Request) => this.#configure(request, true) },
      }),
    };
  }

  /** The status or the torpidity of a child changed: tells who follows it. */
  childChanged(child: Child): void {
    this.#monitors.tellEach(stateOf(child));
  }

  /** The status of the subtree here or below changed: tells who follows it. */
  healthChanged(): void {
    if (this.#health.size > 0) this.#health.tell(this.#report());
  }

  #report(): JsonObject {
    const { children, status, statusSince } = this.#view;
    const now = this.#context.now();
    const below = [...children].map((child) => ({
      rank: child.rank,
      status: child.status,
      duration: real((now - child.statusSince) / 1000),
      ...(child.error !== "" && !isOnline(child.status) && { error: child.error }),
    }));
    const duration = real((now - statusSince) / 1000);
    return { rank: this.#context.rank, status, duration, children: below };
  }

  #followHealth(request: Request): void {
    request.respond(this.#report());
    if (request.streaming) this.#health.add(request);
  }

  /** At first it tells of the children that are not offline. */
  #monitor(request: Request): void {
    if (!request.streaming) throw new FluxError("EPROTO");
    for (const child of this.#view.children)
      if (child.status !== "offline" || child.torpid) request.respond(stateOf(child));
    this.#monitors.add(request);
  }

  #trace(request: Request): Promise<void> {
    const forget = this.#context.trace.follow(request);
    return aborted(request.signal).then(forget);
  }

  #topology(request: Request): void {
    const [rank] = request.unpack("{s:i}", "rank");
    if (rank !== this.#context.rank && this.#view.children.byRank(rank) === undefined)
      throw new FluxError("ENOENT", "requested rank is not this broker or its direct child");
    request.respond(this.#context.topology.subtree(rank));
  }

  #stats(request: Request): void {
    const { stats } = this.#view;
    request.respond({
      "child-count": stats.children,
      "child-connected": stats.childrenOnline,
      "parent-count": stats.parents,
      "parent-rpc": stats.parentRpcs,
      "child-rpc": stats.childRpcs,
      "pending-bytes": stats.pendingBytes,
      refused: stats.refused,
      ignored: stats.ignored,
      interthread: { sendq: stats.queued, recvq: 0 },
    });
  }

  #disconnectSubtree(request: Request): void {
    const [rank] = request.unpack("{s:i}", "rank");
    const child = this.#view.children.byRank(rank);
    if (child === undefined)
      throw new FluxError("ENOENT", "requested rank is not this broker's direct child");
    if (!isOnline(child.status)) throw new FluxError("EINVAL", `rank ${rank} is already ${child.status}`);
    this.#view.disconnectChild(child);
    request.respond();
  }

  /** Nobody waits for an answer: what is wrong with the request stands in the log. */
  #disconnectParent(request: Request): void {
    const { host } = this.#context;
    try {
      const [reason] = request.unpack("{s:s}", "reason");
      host.log("crit", `disconnecting: ${reason}`);
      this.#view.loseParent();
    } catch (error) {
      host.log("err", `overlay.disconnect-parent error: ${FluxError.from(error).message}`);
    }
    request.respond();
  }

  #configure(request: Request, initial: boolean): void {
    const config = readConfig(request);
    this.#view.setTorpid(this.#context.options.reconfigure!(config, initial));
    request.respond();
  }
}

function stateOf({ rank, status, torpid }: Child): JsonObject {
  return { rank, status, torpid };
}

function readConfig(request: Request): JsonObject {
  try {
    const config = request.json({ reals: "keep" });
    if (isObject(config)) return config;
  } catch (error) {
    // What else is wrong with the text is nothing that flux-core's answer tells.
    if (FluxError.is(error, "EMSGSIZE")) throw error;
  }
  throw new FluxError("EPROTO", `Failed to parse ${request.topic} request`);
}
