import { FluxError } from "../base/index.ts";
import type { Methods } from "../client/index.ts";
import type { IntakeStats } from "../event-log/index.ts";
import { type EventPosition, type Message, Role, topRoute } from "../message/index.ts";
import { DebugFlags } from "../methods/index.ts";
import type { Child } from "./children.ts";
import { statusMessage } from "./control.ts";
import { Downstream } from "./downstream.ts";
import { helloRequest } from "./hello.ts";
import { OverlayContext } from "./overlay-context.ts";
import {
  type OverlayOptions,
  type OverlayStats,
  SYSTEM_CLOCK,
  type TorpidSettings,
} from "./overlay-options.ts";
import { OverlayService } from "./overlay-service.ts";
import { Parent } from "./parent.ts";
import { type SubtreeStatus, statusNumber } from "./subtree-status.ts";

/** The overlay looks after its neighbours at each heartbeat, but not more often than this, and at this at the latest. */
const SYNC_MIN_MS = 1000;
const SYNC_MAX_MS = 5000;

/** The debug bit that makes an overlay hang when it is disposed of. */
const DEBUG_HANG = 1;

/** The event by which rank 0 sets the pace of an instance. */
const PULSE = "heartbeat.pulse";

/**
 * A broker's place in the tree: the connection to its parent, those of its children, and what goes over them. It fits the broker's port `Uplink`.
 *
 * Owner: who joins it to a broker. It closes its transport when it is disposed of. Source: overlay.c in flux-core; RFC 3.
 */
export class Overlay implements AsyncDisposable {
  /** `overlay`: the service by which others look at the tree. */
  readonly methods: Methods;
  /** The debug bits, for tests: with 1 its sockets stay open, and its end does not come. */
  readonly debug = new DebugFlags();
  readonly #options: OverlayOptions;
  readonly #context: OverlayContext;
  readonly #parent: Parent | undefined;
  readonly #downstream: Downstream;
  readonly #service: OverlayService;
  #torpid: TorpidSettings;
  #status: SubtreeStatus;
  #statusSince: number;
  #state = "";
  #lastTick: number;
  /** What children have not said before this time is not held against them. */
  #heedFrom = Number.NEGATIVE_INFINITY;
  #lastPulse = Number.NEGATIVE_INFINITY;
  #cancelTick: () => void = () => {};
  #closed = false;

  constructor(options: OverlayOptions) {
    const { rank, topology, settings, clock = SYSTEM_CLOCK } = options;
    this.#options = options;
    this.#torpid = { torpidMinMs: 5000, torpidMaxMs: 30_000, ...settings };
    this.#context = new OverlayContext(options, () => clock.now());
    const answer = (response: Message): void => {
      if (!this.respond(response)) options.host.response(response);
    };
    const parent = topology.parent(rank);
    if (parent !== undefined)
      this.#parent = new Parent(parent, this.#context, {
        multicast: (event) => this.#multicast(event),
        answer,
      });
    this.#downstream = new Downstream(this.#context, {
      answer,
      publish: (event) => this.#publish(event),
      forgetFrom: (part) => this.#parent?.sent.forgetFrom(part),
      parentUuid: () => this.#parent?.uuid,
      changed: (child) => this.#childChanged(child),
    });
    this.#status = this.#downstream.children.subtreeStatus();
    this.#statusSince = clock.now();
    this.#lastTick = this.#statusSince;
    this.#service = new OverlayService(this.#context, this.#view());
    this.methods = this.#service.methods;
    this.#tickLater();
  }

  /** The public key of this broker, by which its parent lets it in and its children find it; empty for an instance of one rank. */
  get publicKey(): string {
    return this.#options.transport?.publicKey ?? "";
  }

  /** The status of the subtree of which this broker is the root. */
  get status(): SubtreeStatus {
    return this.#status;
  }

  /** The ranks of the children that are online, ascending. */
  get onlineChildren(): number[] {
    const { children } = this.#downstream;
    return [...children].filter((child) => children.isOnline(child)).map(({ rank }) => rank);
  }

  get stats(): OverlayStats {
    const { children, server } = this.#downstream;
    const sum = (count: (child: Child) => number): number =>
      [...children].reduce((total, child) => total + count(child), 0);
    return {
      children: children.size,
      childrenOnline: children.onlineCount,
      parents: this.#parent === undefined ? 0 : 1,
      parentRpcs: this.#parent?.sent.size ?? 0,
      childRpcs: sum(({ sent }) => sent.size),
      childRequests: sum(({ received }) => received.size),
      pendingBytes: this.#context.pending.bytes,
      refused: this.#context.refused,
      ignored: this.#downstream.ignored,
      queued: (server?.stats.queued ?? 0) + (this.#parent?.queued ?? 0),
    };
  }

  /**
   * Listens for the children; resolves to the URIs to connect to, with ports as the system chose them.
   * @throws FluxError EINVAL without a transport; as the transport's `listen`.
   */
  async listen(uris: readonly string[]): Promise<readonly string[]> {
    const { transport, ipv6 = false, host } = this.#options;
    if (transport === undefined) throw new FluxError("EINVAL", "overlay has no transport");
    const server = await transport.listen({
      uris,
      ipv6,
      receive: (peer, frames) => this.#downstream.receive(peer, frames),
      unreachable: (peer) => this.#downstream.unreachable(peer),
    });
    this.#downstream.begin(server);
    for (const uri of server.endpoints) host.log("debug", `listening on ${uri}`);
    return server.endpoints;
  }

  /** Lets the child in that holds the secret of a key; `name` is for log lines. Throws FluxError EINVAL before `listen`. */
  authorize(name: string, publicKey: string): void {
    const { server } = this.#downstream;
    if (server === undefined) throw new FluxError("EINVAL", "overlay does not listen");
    server.authorize(name, publicKey);
  }

  /**
   * Connects to the parent and says hello. Whether it is welcome is not waited for: what others send meanwhile goes behind.
   * @throws FluxError EINVAL without a parent or transport; as the transport's `connect`.
   */
  connect(uri: string, serverKey: string): void {
    const { transport, ipv6 = false, uuid, rank, version, hostname, host, bundles = false } = this.#options;
    const parent = this.#parent;
    if (transport === undefined || parent === undefined)
      throw new FluxError("EINVAL", "overlay has no parent to connect to");
    const receive = (frames: readonly Uint8Array[]): void => parent.receive(frames);
    const lost = (): void => parent.connectionLost();
    const link = transport.connect({ uri, serverKey, identity: uuid, ipv6, receive, lost });
    host.log("debug", `connecting to ${uri}`);
    parent.begin(
      link,
      helloRequest({ rank, version, uuid, status: statusNumber(this.#status), hostname, bundles }),
    );
  }

  /** Sends a request towards another rank; false when it can't be reached. The request must not be changed any more. */
  toRank(rank: number, request: Message): boolean {
    const route = this.#options.topology.childRoute(this.#options.rank, rank);
    const child = route === undefined ? undefined : this.#downstream.children.byRank(route);
    return child === undefined ? this.toParent(request) : this.#downstream.request(child, request);
  }

  /** Sends a request, or an event without a number, to the parent; false when there is none or it is lost. The message must not be changed any more. */
  toParent(message: Message): boolean {
    return this.#parent?.forward(message) ?? false;
  }

  /** Rank 0: sends a numbered event to all children that are online. */
  toChildren(event: Message): void {
    this.#multicast(event);
  }

  /** Sends a response to the neighbour that the top of its route stack names; false when it names none that can be reached. */
  respond(response: Message): boolean {
    const uuid = topRoute(response);
    if (uuid === undefined) return false;
    if (uuid === this.#parent?.uuid) return this.#parent.send(response);
    return this.#downstream.respond(uuid, response);
  }

  /**
   * The broker has entered a state: from `cleanup` on nobody is let in; in `shutdown` it is posted that the children are gone, once they are; in `goodbye`
   * the parent is told.
   */
  stateChanged(state: string): void {
    if (state === "cleanup" || state === "shutdown") this.#downstream.spurning = true;
    if (state === "shutdown" && this.#downstream.children.onlineCount === 0)
      this.#options.host.post("children-none", false);
    if (state === "goodbye") this.#parent?.leave();
    this.#state = state;
  }

  /** Somebody above has said that events up to `position` exist: those that have not come are asked for. */
  expectEvents(position: EventPosition): void {
    this.#parent?.events.expect(position);
  }

  /** Counters of the repair of gaps; undefined at rank 0, which has none. */
  get repairs(): IntakeStats | undefined {
    return this.#parent?.events.stats;
  }

  /** A heartbeat of the instance: looks after the neighbours. Those that pass through here are seen without it. */
  heartbeat(): void {
    const now = this.#context.now();
    if (now - this.#lastPulse < SYNC_MIN_MS) return;
    this.#lastPulse = now;
    this.#tick();
  }

  /** Changes how long silence lasts before it matters. */
  setTorpid(settings: TorpidSettings): void {
    this.#torpid = settings;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTick();
    this.#parent?.send(statusMessage("offline"));
    this.#parent?.close();
    if (this.debug.test(DEBUG_HANG)) await new Promise<never>(() => {});
    await this.#options.transport?.close();
  }

  #view() {
    const overlay = this;
    return {
      debug: this.debug,
      children: this.#downstream.children,
      get status() {
        return overlay.#status;
      },
      get statusSince() {
        return overlay.#statusSince;
      },
      get stats() {
        return overlay.stats;
      },
      disconnectChild: (child: Child) => this.#downstream.disconnect(child),
      loseParent: () => this.#parent?.lose(),
      setTorpid: (settings: TorpidSettings) => this.setTorpid(settings),
    };
  }

  #multicast(event: Message): void {
    this.#downstream.multicast(event);
    if (event.topic === PULSE && (event.rolemask & Role.OWNER) !== 0) this.heartbeat();
  }

  /** An event of a child goes to rank 0, which numbers it. */
  #publish(event: Message): void {
    if (this.#parent !== undefined) {
      this.#parent.send(event);
      return;
    }
    event.edit({ routes: null });
    this.#options.host.publish(event);
  }

  #childChanged(child: Child): void {
    const { host } = this.#options;
    const status = this.#downstream.children.subtreeStatus();
    if (status !== this.#status) {
      this.#status = status;
      this.#statusSince = this.#context.now();
      this.#parent?.send(statusMessage(status));
    }
    this.#service.childChanged(child);
    this.#service.healthChanged();
    host.child?.({ rank: child.rank, status: child.status, torpid: child.torpid });
    if (this.#state === "shutdown" && this.#downstream.children.onlineCount === 0)
      host.post("children-complete", false);
  }

  #tick(): void {
    this.#cancelTick();
    this.#parent?.tick(this.#torpid.torpidMinMs);
    const now = this.#context.now();
    // A broker that did not run, because it was stopped, has not read what its children said meanwhile: they are not the silent ones.
    const late = now - this.#lastTick > SYNC_MAX_MS + SYNC_MIN_MS;
    if (late && now - this.#heedFrom > 2 * SYNC_MAX_MS) this.#heedFrom = now + SYNC_MIN_MS;
    if (now >= this.#heedFrom) this.#downstream.tick(this.#torpid.torpidMaxMs);
    this.#lastTick = now;
    this.#tickLater();
  }

  #tickLater(): void {
    if (this.#closed || this.#context.topology.size === 1) return;
    const { clock = SYSTEM_CLOCK } = this.#options;
    this.#cancelTick = clock.after(SYNC_MAX_MS, () => this.#tick());
  }
}
