import { decodeLatin1, decodeUtf8, encodeZ85, FluxError } from "../base/index.ts";
import { faultText } from "./contained.ts";
import { pauseAfterFault } from "./receive-all.ts";
import type { LimitedLog, TransportLog } from "./transport-log.ts";
import type { ReplySocket, ZeroMqContext, ZeroMqModule } from "./zeromq.ts";

/** Where a context's sockets ask whether to let a peer in. Source: ZeroMQ's RFC 27. */
const ENDPOINT = "inproc://zeromq.zap.01";
/** Longest wait for an earlier owner of the context to give the endpoint up: closing a socket takes a thread of its own a moment. */
const BIND_MS = 2000;

/**
 * Lets peers in by their public keys, for all sockets of one context: the server end of ZAP 1.0, mechanism CURVE. Others get status 400,
 * which ends their connection, and a line in the log. The domain is not looked at.
 */
export class ZapHandler {
  readonly #socket: ReplySocket;
  readonly #names = new Map<string, string>();
  readonly #log: TransportLog;
  readonly #refusals: LimitedLog;

  private constructor(socket: ReplySocket, log: TransportLog, refusals: LimitedLog) {
    this.#socket = socket;
    this.#log = log;
    this.#refusals = refusals;
  }

  static async open(
    zeromq: ZeroMqModule,
    context: ZeroMqContext,
    log: TransportLog,
    refusals: LimitedLog,
  ): Promise<ZapHandler> {
    const socket = new zeromq.Reply({ context, linger: 0 });
    const deadline = performance.now() + BIND_MS;
    for (;;) {
      try {
        await socket.bind(ENDPOINT);
        break;
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (code === "EADDRINUSE" && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          continue;
        }
        socket.close();
        throw FluxError.from(error);
      }
    }
    const handler = new ZapHandler(socket, log, refusals);
    void handler.#serve();
    return handler;
  }

  /** Lets in who holds the secret of `publicKey`; `name` is for the log. */
  authorize(name: string, publicKey: string): void {
    this.#names.set(publicKey, name);
  }

  close(): void {
    this.#socket.close();
  }

  async #serve(): Promise<void> {
    const socket = this.#socket;
    for (;;) {
      try {
        await socket.send(this.#answer(await socket.receive()));
      } catch (error) {
        // A socket that is closed while it waits says EAGAIN, one that is closed before it waits says EBADF.
        if (socket.closed) return;
        this.#refusals.note(`ZAP handler: ${faultText(error)}`);
        await pauseAfterFault();
      }
    }
  }

  /** As `#decide`. A request that can't be judged is refused. */
  #answer(request: readonly Uint8Array[]): (string | Uint8Array)[] {
    try {
      return this.#decide(request);
    } catch (thrown) {
      this.#refusals.note(`overlay auth No access: ${faultText(thrown)}`);
      return [request[0] ?? "1.0", request[1] ?? "", "400", "No access", "", ""];
    }
  }

  /** Request: version, id, domain, address, identity, mechanism, key. Response: version, id, status, text, user, metadata. */
  #decide([version, id, , address, , mechanism, key]: readonly Uint8Array[]): (string | Uint8Array)[] {
    const known =
      version !== undefined && decodeUtf8(version) === "1.0" && mechanism !== undefined && key?.length === 32;
    const publicKey = known && decodeUtf8(mechanism) === "CURVE" ? encodeZ85(key) : "";
    const name = this.#names.get(publicKey);
    const place = decodeLatin1(address ?? new Uint8Array(0)) || "a local socket";
    if (name === undefined) {
      const text = `overlay auth No access: ${publicKey || "no key"} from ${place}`;
      this.#refusals.note(text, `no access ${place}`);
      return [version ?? "1.0", id ?? "", "400", "No access", "", ""];
    }
    this.#log("debug", `overlay auth OK: ${name} from ${place}`);
    return [version ?? "1.0", id ?? "", "200", "OK", publicKey, ""];
  }
}
