import { rm } from "node:fs/promises";
import { EMPTY, FluxError, strerror, TextCache } from "../base/index.ts";
import { DescriptorReserve, descriptorLimit, ListeningSockets } from "../system/index.ts";
import { contained } from "./contained.ts";
import { HandshakeGate } from "./handshake-gate.ts";
import { frameBytes, sizeOf } from "./message-line.ts";
import { PeerCheck } from "./peer-check.ts";
import { receiveAll } from "./receive-all.ts";
import { SendQueue } from "./send-queue.ts";
import { watchSocket } from "./socket-events.ts";
import type { ChildServer, Frames, ListenOptions, TransportStats } from "./transport.ts";
import { LimitedLog } from "./transport-log.ts";
import { ZapHandler } from "./zap.ts";
import type { RouterSocket, ZeroMqContext, ZeroMqModule } from "./zeromq.ts";
import { socketOptions, type ZeroMqSettings } from "./zeromq-options.ts";

/** Connections that wait to be accepted, and such that have said nothing yet: the system's limit may be lower. */
const BACKLOG = 1024;
/** Connections amid their handshake may take this part of the descriptors of the process. */
export const DESCRIPTOR_SHARE = 8;
/** Descriptors that are held for when there are no others. */
const RESERVE = 16;

type Gate = Pick<HandshakeGate, "take" | "close">;

/** The ROUTER socket of a broker with children, and what lets them in. */
export class ZeroMqChildServer implements ChildServer {
  readonly endpoints: readonly string[];
  readonly #socket: RouterSocket;
  readonly #zap: ZapHandler;
  readonly #gate: Gate;
  readonly #queue: SendQueue;
  readonly #receive: ListenOptions["receive"];
  /** Identities as the socket takes them, of peers that were sent to and not found gone. */
  readonly #identities = new Map<string, Uint8Array>();
  readonly #texts = new TextCache();
  readonly #check = new PeerCheck(() => {
    for (const peer of this.#identities.keys()) this.probe(peer);
  });
  #closing: Promise<void> | undefined;

  private constructor(
    socket: RouterSocket,
    endpoints: readonly string[],
    zap: ZapHandler,
    gate: Gate,
    settings: ZeroMqSettings,
    options: ListenOptions,
  ) {
    this.endpoints = endpoints;
    this.#socket = socket;
    this.#zap = zap;
    this.#gate = gate;
    const { log } = settings;
    this.#receive = contained(
      "a message of a child failed",
      (peer, frames) => options.receive(peer, frames),
      log,
    );
    const unreachable = contained("a child that is gone", (peer: string) => options.unreachable(peer), log);
    this.#queue = new SendQueue({
      // The package takes an array of buffers and doesn't change it.
      write: (frames) => socket.send(frames as Uint8Array[] as Buffer[]),
      maxBytes: settings.maxQueuedBytes,
      failed: (peer) => {
        this.#identities.delete(peer);
        unreachable(peer);
      },
    });
  }

  /** Binds to all URIs, or to none: @throws FluxError the system's error, with the URI in its text. */
  static async open(
    zeromq: ZeroMqModule,
    context: ZeroMqContext,
    settings: ZeroMqSettings,
    options: ListenOptions,
  ): Promise<ZeroMqChildServer> {
    const refusals = new LimitedLog(settings.log);
    const zap = await ZapHandler.open(zeromq, context, settings.log, refusals);
    const socket = new zeromq.Router({
      context,
      ...socketOptions(settings, options.ipv6 ?? false),
      receiveHighWaterMark: settings.childReceiveHighWater,
      mandatory: true,
      backlog: BACKLOG,
      curveServer: true,
    });
    const { events } = socket;
    const endpoints: string[] = [];
    const before = ListeningSockets.all();
    try {
      for (const uri of options.uris) {
        await bind(socket, uri);
        endpoints.push(socket.lastEndpoint ?? uri);
      }
      const gate = gateOf(endpoints, before, settings, refusals);
      const server = new ZeroMqChildServer(socket, endpoints, zap, gate, settings, options);
      const trace = settings.traceSockets ? settings.log : undefined;
      const heard = (event: string, code: unknown): void => {
        if (event === "disconnect") server.#check.ended();
        gate.take(event, code);
      };
      void watchSocket(events, { who: "child", refusals, trace, heard });
      void receiveAll(socket, (frames) => server.#take(frames), settings.log);
      return server;
    } catch (error) {
      await removePaths(endpoints);
      socket.close();
      zap.close();
      throw error;
    }
  }

  get stats(): TransportStats {
    return this.#queue.stats;
  }

  authorize(name: string, publicKey: string): void {
    this.#zap.authorize(name, publicKey);
  }

  send(peer: string, frames: Frames): void {
    let identity = this.#identities.get(peer);
    if (identity === undefined) {
      identity = Buffer.from(peer);
      this.#identities.set(peer, identity);
    }
    this.#queue.send(peer, [identity, ...frames], sizeOf(frames));
  }

  probe(peer: string): void {
    this.send(peer, [EMPTY]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#check.close();
    this.#gate.close();
    await this.#queue.close();
    await removePaths(this.endpoints);
    this.#socket.close();
    this.#zap.close();
  }

  #take(frames: Uint8Array[]): void {
    if (this.#closing !== undefined) return;
    const { stats } = this.#queue;
    const identity = frames.shift()!;
    stats.received++;
    stats.receivedBytes += frameBytes(frames);
    this.#receive(this.#texts.decode(identity, 0, identity.length), frames);
  }
}

/** The gate before the endpoints that are TCP; those of `before` listened already. */
function gateOf(
  endpoints: readonly string[],
  before: ReadonlySet<number> | undefined,
  settings: ZeroMqSettings,
  lines: LimitedLog,
): Gate {
  const ports = endpoints.filter((uri) => uri.startsWith("tcp:")).map((uri) => Number(uri.split(":").at(-1)));
  const sockets =
    before === undefined || ports.length === 0 ? undefined : ListeningSockets.find(new Set(ports), before);
  const limit = descriptorLimit();
  const { handshakes, handshakeTimeoutMs: timeoutMs } = settings;
  sockets?.deferAccept(Math.ceil(timeoutMs / 1000));
  const gate = new HandshakeGate({
    listening: sockets,
    reserve: sockets === undefined ? undefined : new DescriptorReserve(RESERVE),
    most: Math.max(1, Math.min(handshakes, Math.floor(limit / DESCRIPTOR_SHARE))),
    flushes: BACKLOG > limit / 4,
    timeoutMs,
    lines,
  });
  return {
    take: (event, code) => gate.take(event, code),
    close() {
      gate.close();
      sockets?.forget();
    },
  };
}

async function bind(socket: RouterSocket, uri: string): Promise<void> {
  try {
    if (!/^(tcp|ipc):\/\/./.test(uri)) throw new FluxError("EINVAL");
    await socket.bind(uri);
  } catch (error) {
    const { errno } = FluxError.from(error);
    throw new FluxError(errno, `${uri}: ${strerror(errno)}`, { cause: error });
  }
}

/** Removes the paths of sockets, which ZeroMQ leaves behind; while they are open still, for then none can be another's. */
async function removePaths(endpoints: readonly string[]): Promise<void> {
  for (const uri of endpoints) {
    if (uri.startsWith("ipc:///")) await rm(uri.slice("ipc://".length), { force: true });
  }
}
