import { contained } from "./contained.ts";
import type { InProcessLink } from "./in-process-link.ts";
import type { InProcessNetwork } from "./in-process-network.ts";
import { bytesOf, frameBytes, MessageLine, sizeOf } from "./message-line.ts";
import { newCounters } from "./send-queue.ts";
import type { ChildServer, Frames, ListenOptions } from "./transport.ts";
import { LimitedLog, type TransportLog } from "./transport-log.ts";

/** A link that was let in, and what waits for it. */
interface Peer {
  readonly link: InProcessLink;
  readonly line: MessageLine;
  readonly carry: () => void;
}

/** Where the children of a broker in the same process connect. */
export class InProcessServer implements ChildServer {
  readonly endpoints: readonly string[];
  readonly #publicKey: string;
  readonly #network: InProcessNetwork;
  readonly #receive: ListenOptions["receive"];
  readonly #tell: ListenOptions["unreachable"];
  readonly #maxBytes: number;
  readonly #log: TransportLog;
  readonly #refusals: LimitedLog;
  readonly #names = new Map<string, string>();
  readonly #peers = new Map<string, Peer>();
  readonly #stats = newCounters();
  #closed = false;

  constructor(
    network: InProcessNetwork,
    publicKey: string,
    maxBytes: number,
    options: ListenOptions,
    log: TransportLog,
  ) {
    this.endpoints = [...options.uris];
    this.#publicKey = publicKey;
    this.#network = network;
    this.#receive = contained(
      "a message of a child failed",
      (peer, frames) => options.receive(peer, frames),
      log,
    );
    this.#tell = contained("a child that is gone", (peer) => options.unreachable(peer), log);
    this.#maxBytes = maxBytes;
    this.#log = log;
    this.#refusals = new LimitedLog(log);
  }

  get stats() {
    return { ...this.#stats };
  }

  authorize(name: string, publicKey: string): void {
    this.#names.set(publicKey, name);
  }

  send(peer: string, frames: Frames): void {
    if (this.#closed) return;
    const known = this.#peers.get(peer);
    const bytes = sizeOf(frames);
    if (known?.line.push({ peer, frames, bytes }) === true) {
      this.#stats.queued++;
      this.#stats.queuedBytes += bytes;
      this.#network.later(known.carry);
      return;
    }
    if (known === undefined) this.#stats.unreachable++;
    else this.#stats.dropped++;
    this.#unreachable(peer);
  }

  probe(peer: string): void {
    if (!this.#closed && !this.#peers.has(peer)) this.#unreachable(peer);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.unbind(this);
    // Behind all that was sent.
    await new Promise<void>((resolve) => this.#network.later(resolve));
    for (const { link } of this.#peers.values()) link.detach();
    this.#peers.clear();
  }

  /** Ends at once, as the end of its process would: what waits is lost, and the links hear it. */
  sever(): void {
    this.#closed = true;
    this.#network.unbind(this);
    const links = [...this.#peers.values()].map(({ link }) => link);
    this.#peers.clear();
    for (const link of links) link.lose();
  }

  /** A link has gone without a word. */
  lose(link: InProcessLink): void {
    if (this.#peers.get(link.identity)?.link !== link) return;
    this.#peers.delete(link.identity);
    if (!this.#closed) this.#tell(link.identity);
  }

  /** Whether a link may send and is sent to: who has the right keys, and a name that no other has at the time. */
  admit(link: InProcessLink): boolean {
    const { identity, publicKey } = link;
    const name = this.#names.get(publicKey);
    let why: string | undefined;
    if (link.serverKey !== this.#publicKey) why = "wrong server key";
    else if (name === undefined) why = `No access: ${publicKey}`;
    else if (this.#peers.has(identity)) why = "identity in use";
    if (why !== undefined) {
      this.#refusals.note(`overlay auth ${why} from ${identity}`);
      return false;
    }
    this.#log("debug", `overlay auth OK: ${name} from ${identity}`);
    const line = new MessageLine(this.#maxBytes);
    const carry = (): void => this.#carry(link, line);
    this.#peers.set(identity, { link, line, carry });
    return true;
  }

  /** A link has gone. */
  forget(link: InProcessLink): void {
    if (this.#peers.get(link.identity)?.link !== link) return;
    this.#peers.delete(link.identity);
    this.#unreachable(link.identity);
  }

  take(peer: string, frames: Frames): void {
    if (this.#closed) return;
    this.#stats.received++;
    this.#stats.receivedBytes += frameBytes(frames);
    this.#receive(peer, frames);
  }

  #unreachable(peer: string): void {
    this.#network.later(() => {
      if (!this.#closed) this.#tell(peer);
    });
  }

  #carry(link: InProcessLink, line: MessageLine): void {
    const item = line.shift();
    if (item === undefined) return;
    this.#stats.queued--;
    this.#stats.queuedBytes -= item.bytes;
    this.#stats.sent++;
    this.#stats.sentBytes += bytesOf(item);
    link.take(item.frames);
  }
}
