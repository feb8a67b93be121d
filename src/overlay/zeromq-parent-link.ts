import { FluxError, strerror } from "../base/index.ts";
import { contained } from "./contained.ts";
import { isCurveKey } from "./curve-keys.ts";
import { frameBytes } from "./message-line.ts";
import { receiveAll } from "./receive-all.ts";
import { SendQueue } from "./send-queue.ts";
import { watchSocket } from "./socket-events.ts";
import type { ConnectOptions, Frames, ParentLink, TransportStats } from "./transport.ts";
import { LimitedLog } from "./transport-log.ts";
import type { DealerSocket, ZeroMqContext, ZeroMqModule } from "./zeromq.ts";
import { socketOptions, type ZeroMqSettings } from "./zeromq-options.ts";

/** Turns of the event loop that are given to what is still to be read when a connection has ended. */
const MOST_LEFT = 1000;

/** The DEALER socket to a broker's parent. */
export class ZeroMqParentLink implements ParentLink {
  readonly #socket: DealerSocket;
  readonly #queue: SendQueue;
  readonly #receive: ConnectOptions["receive"];
  readonly #lost: () => void;
  /** There is a connection, and it is good. */
  #connected = false;
  #closing: Promise<void> | undefined;

  /** @throws FluxError EINVAL for a key that is none; the system's error with the URI in its text. */
  constructor(
    zeromq: ZeroMqModule,
    context: ZeroMqContext,
    settings: ZeroMqSettings,
    options: ConnectOptions,
  ) {
    const { uri, serverKey, identity } = options;
    if (!isCurveKey(serverKey)) throw new FluxError("EINVAL", `${uri}: not a public key: ${serverKey}`);
    const refusals = new LimitedLog(settings.log);
    const socket = new zeromq.Dealer({
      context,
      ...socketOptions(settings, options.ipv6 ?? false),
      receiveHighWaterMark: 0,
      routingId: identity,
      curveServerKey: serverKey,
      ...(settings.connectTimeoutMs > 0 && { connectTimeout: settings.connectTimeoutMs }),
    });
    const trace = settings.traceSockets ? settings.log : undefined;
    const heard = (event: string): void => {
      if (event !== "handshake" && event !== "disconnect") return;
      if (event === "disconnect" && this.#connected) void this.#ended();
      this.#connected = event === "handshake";
    };
    void watchSocket(socket.events, { who: "parent", refusals, trace, heard });
    try {
      if (!/^(tcp|ipc):\/\/./.test(uri)) throw new FluxError("EINVAL");
      socket.connect(uri);
    } catch (error) {
      socket.close();
      const { errno } = FluxError.from(error);
      throw new FluxError(errno, `${uri}: ${strerror(errno)}`, { cause: error });
    }
    this.#socket = socket;
    const { log } = settings;
    this.#receive = contained("a message of the parent failed", (frames) => options.receive(frames), log);
    this.#lost = contained("the end of the connection to the parent", () => options.lost?.(), log);
    let full = false;
    this.#queue = new SendQueue({
      write: (frames) => socket.send(frames as Uint8Array[] as Buffer[]),
      maxBytes: settings.maxQueuedBytes,
      failed: () => {
        if (!full)
          settings.log("err", `${uri}: too much waits to be sent to the parent: messages are dropped`);
        full = true;
      },
    });
    void receiveAll(socket, (frames) => this.#take(frames), settings.log);
  }

  get stats(): TransportStats {
    return this.#queue.stats;
  }

  send(frames: Frames): void {
    this.#queue.send("", frames);
  }

  disconnect(): void {
    void this.close();
  }

  /** Resolves when the socket is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.close().then(() => this.#socket.close());
    return this.#closing;
  }

  #take(frames: Uint8Array[]): void {
    // An empty frame is how a parent finds out whether this broker is still there.
    const isProbe = frames.length === 1 && frames[0]!.length === 0;
    if (this.#closing !== undefined || isProbe) return;
    const { stats } = this.#queue;
    stats.received++;
    stats.receivedBytes += frameBytes(frames);
    this.#receive(frames);
  }

  /** What came before the end is read first. */
  async #ended(): Promise<void> {
    for (let left = MOST_LEFT; left > 0 && this.#closing === undefined && this.#socket.readable; left--)
      await new Promise((resolve) => setImmediate(resolve));
    if (this.#closing === undefined) this.#lost();
  }
}
