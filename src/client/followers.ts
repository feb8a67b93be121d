import { WorkQueue } from "../base/index.ts";
import { encodePayload, type Payload } from "./payload.ts";
import type { Request } from "./request.ts";

/**
 * Requests that are told of each change of something until they are cancelled or their callers leave. However many there are, a change is encoded
 * once, and telling of it lets others go on meanwhile; who is not reached before the next change is told of that one only.
 */
export class Followers {
  /** One of them, as most often, takes no set. */
  #one: Request | undefined;
  #more: Set<Request> | undefined;
  readonly #left: (() => void) | undefined;
  #news: Uint8Array | undefined;
  /** Those who are to be told; made when there is news for more than one. */
  #queue: WorkQueue<Request> | undefined;

  /** `left` is called when one of them has left. */
  constructor(left?: () => void) {
    this.#left = left;
  }

  get size(): number {
    return this.#more?.size ?? (this.#one === undefined ? 0 : 1);
  }

  /** Adds a request, which counts as open from then on; one that wants no response is not added. */
  add(request: Request): void {
    if (request.noResponse || request.over) return;
    if (this.#more !== undefined) this.#more.add(request);
    else if (this.#one === undefined) this.#one = request;
    else {
      this.#more = new Set([this.#one, request]);
      this.#one = undefined;
    }
    request.onCancel(() => this.delete(request));
  }

  delete(request: Request): void {
    if (this.#one === request) this.#one = undefined;
    else if (this.#more?.delete(request) !== true) return;
    this.#left?.();
  }

  /** Tells all of them. */
  tell(news: Payload): void {
    if (this.size === 0) return;
    this.#news = encodePayload(news);
    if (this.#one !== undefined) {
      this.#tell(this.#one);
      return;
    }
    this.#queue ??= new WorkQueue((request) => this.#tell(request));
    const late = this.#queue.take();
    // Who has not been told of the change before comes first.
    const told = new Set(this.#more);
    for (const request of late) told.delete(request);
    this.#queue.add([...late, ...told]);
  }

  /** As `tell`, for news of which each counts: nobody misses one because of the next. */
  tellEach(news: Payload): void {
    if (this.size === 0) return;
    const payload = encodePayload(news);
    for (const request of this.#more ?? [this.#one!]) request.respondRaw(payload);
  }

  #tell(request: Request): void {
    const isHere = this.#one === request || this.#more?.has(request) === true;
    if (isHere && !request.over) request.respondRaw(this.#news);
  }
}
