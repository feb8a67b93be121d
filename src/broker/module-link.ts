import { ByteSink, copyBytes, EMPTY, errno } from "../base/index.ts";
import type { FrameLink, FrameReceiver } from "../connector/index.ts";
import { type FrameBytes, Framer, type Message, MessageFlag, MessageType } from "../message/index.ts";
import { endsRequest, ModuleRequests, type RequestLedger } from "./module-requests.ts";
import type { ModuleTap } from "./module-trace.ts";

/** Offsets from the end of a frame: its flags, and the error number of a response. */
const FLAGS_AT = -17;
const ERRNUM_AT = -8;

/**
 * The broker's end of a module's connection: a link that also keeps what modules need. It knows the requests that are not answered yet and when the
 * module was last heard of, shows traffic to whoever traces, holds messages back while the module is deferred, and lets nothing
 * through to one that is finalizing but what that waits for.
 */
export class ModuleLink implements FrameLink {
  /** Sees the messages; undefined while nobody traces. */
  tap: ModuleTap | undefined;
  /** When the module last sent something, in milliseconds of `performance.now`. */
  lastSeen = performance.now();
  readonly requests: ModuleRequests;
  readonly #name: string;
  readonly #link: FrameLink;
  readonly #refuse: (request: Message) => void;
  #held: ByteSink | undefined;
  #heldCount = 0;
  #muted = false;

  /** `refuse` gets the requests that a module which is muted will not see; `ledger` pays for those it has to answer. */
  constructor(name: string, link: FrameLink, refuse: (request: Message) => void, ledger: RequestLedger) {
    this.requests = new ModuleRequests(ledger);
    this.#name = name;
    this.#link = link;
    this.#refuse = refuse;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes + (this.#held?.length ?? 0);
  }

  /** Messages held back. */
  get heldCount(): number {
    return this.#heldCount;
  }

  /** From now on only the response to module.status gets through, which a module that finalizes waits for. */
  mute(): void {
    this.#muted = true;
  }

  /** Holds messages for the module back, or lets those go that were held. */
  defer(on: boolean): void {
    if (on) {
      this.#held ??= new ByteSink();
      return;
    }
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#heldCount = 0;
    for (const chunk of held.take()) this.#link.sendEncoded(chunk);
  }

  start(receiver: FrameReceiver): void {
    this.#link.start({
      message: (message) => {
        this.lastSeen = performance.now();
        this.tap?.("tx", this.#name, message);
        if (message.type === MessageType.RESPONSE) this.requests.answered(message);
        receiver.message(message);
      },
      frame: (frames, start, end) => {
        if (this.tap !== undefined || !isStreamItem(frames, end)) return false;
        this.lastSeen = performance.now();
        return receiver.frame(frames, start, end);
      },
      oversized: (message, size) => {
        this.lastSeen = performance.now();
        // Its requester gets an error for it, which ends the request.
        if (message.type === MessageType.RESPONSE) message.aux1 = errno.EMSGSIZE;
        this.tap?.("tx", this.#name, message);
        if (message.type === MessageType.RESPONSE) this.requests.answered(message);
        receiver.oversized?.(message, size);
      },
      pause: () => receiver.pause(),
      closed: (reason) => receiver.closed(reason),
    });
  }

  forward(message: Message, pushed: Uint8Array, headFrom: number, gives = false): void {
    this.tap?.("rx", this.#name, message);
    const isRequest = message.type === MessageType.REQUEST;
    if (this.#muted && (message.type !== MessageType.RESPONSE || message.topic !== "module.status")) {
      if (isRequest) this.#refuse(message.withPushed(pushed));
      return;
    }
    if (this.#held === undefined) this.#link.forward(message, pushed, headFrom, gives);
    else {
      message.forwardTo(this.#held, pushed, headFrom);
      this.#heldCount++;
    }
  }

  /** Remembers a request that is about to be forwarded, unless the module will not see it. Returns false when its sender holds too much. */
  remember(request: Message, pushed: Uint8Array): boolean {
    return this.#muted || this.requests.add(request, pushed);
  }

  /** Sends a message of the broker's own. */
  send(message: Message): void {
    this.forward(message, EMPTY, message.headStart);
  }

  sendEncoded(frames: Uint8Array): void {
    if (this.#isPlain) this.#link.sendEncoded(frames);
    else this.#sendWatched(frames, 0, frames.length);
  }

  sendCopy(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isPlain) this.#link.sendCopy(bytes, start, end);
    else this.#sendWatched(bytes, start, end);
  }

  writable(): Promise<void> | undefined {
    return this.#link.writable();
  }

  end(lingerMs: number): Promise<void> {
    return this.#link.end(lingerMs);
  }

  destroy(): void {
    this.#link.destroy();
  }

  /** True while events and responses go through as they are. */
  get #isPlain(): boolean {
    return this.tap === undefined && this.#held === undefined && !this.#muted;
  }

  /** Frames that others encoded: never requests. */
  #sendWatched(bytes: Uint8Array, start: number, end: number): void {
    const frames = bytes.slice(start, end);
    let count = 0;
    new Framer({ maxFrameBytes: Number.POSITIVE_INFINITY }).push(frames, (message) => {
      count++;
      this.tap?.("rx", this.#name, message);
    });
    if (this.#muted) return;
    if (this.#held === undefined) {
      this.#link.sendEncoded(frames);
      return;
    }
    const at = this.#held.reserve(frames.length);
    copyBytes(this.#held.bytes, at, frames, 0, frames.length);
    this.#heldCount += count;
  }
}

/** True for a response that others follow, which ends no request. */
function isStreamItem({ bytes, words }: FrameBytes, end: number): boolean {
  const flags = bytes[end + FLAGS_AT]!;
  return (flags & MessageFlag.STREAMING) !== 0 && !endsRequest(flags, words.getUint32(end + ERRNUM_AT));
}
