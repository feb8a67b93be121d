import { Message, MessageFlag, siblingTopic, TOPIC_MAX, utf8Fits } from "../message/index.ts";

/** Most distinct disconnect requests kept for one client. */
export const MAX_DISCONNECTS = 65_536;

/** Most topics remembered for the short way, and the longest of them in UTF-16 units. */
export const MAX_SEEN = 512;
export const LONGEST_SEEN = 128;

/** What a noted request costs besides its routes and topic, in bytes. */
const NOTE_BYTES = 768;

/** Charges for what is noted. */
export interface NoteCharge {
  /** Returns false when there is no room for `bytes` more. */
  charge(bytes: number): boolean;
}

const FREE: NoteCharge = { charge: () => true };

/**
 * The disconnect requests that one client's requests call for: one for each distinct disconnect topic, nodeid and UPSTREAM flag,
 * sent when the client goes so that services drop what they hold for it. Source: RFC 6; disconnect.c in flux-core.
 */
export class Disconnects {
  readonly #requests = new Map<string, Message>();
  readonly #share: NoteCharge;
  /** Topics of requests to any rank that are known already: the common case costs one look. */
  #seen = new Set<string>();
  /** The latest request that was noted, for those that come again and again with a rank. */
  #last = { topic: "", nodeid: 0, upstream: 0 };

  /** @param share - who pays for what is noted; default: nobody does */
  constructor(share: NoteCharge = FREE) {
    this.#share = share;
  }

  /**
   * Takes note of a request that wants a response. Returns why it can't: EINVAL when the disconnect topic
   * would be over 255 bytes or the client has used too many different ones, ENOBUFS when its user holds
   * too much. Such a request must not go out.
   */
  arm(request: Message, topic: string): "EINVAL" | "ENOBUFS" | undefined {
    const upstream = request.flags & MessageFlag.UPSTREAM;
    const last = this.#last;
    if (last.topic === topic && last.nodeid === request.aux1 && last.upstream === upstream) return undefined;
    const anywhere = request.aux1 === 0xffffffff && upstream === 0;
    if (anywhere && this.#seen.has(topic)) return undefined;
    const disconnectTopic = siblingTopic(topic, "disconnect");
    if (!utf8Fits(disconnectTopic, TOPIC_MAX)) return "EINVAL";
    const key = `${request.aux1} ${upstream} ${disconnectTopic}`;
    if (!this.#requests.has(key)) {
      if (this.#requests.size >= MAX_DISCONNECTS) return "EINVAL";
      if (!this.#share.charge(NOTE_BYTES + 4 * (request.headEnd - request.headStart))) return "ENOBUFS";
      this.#requests.set(
        key,
        Message.request({
          topic: disconnectTopic,
          nodeid: request.aux1,
          matchtag: request.aux2,
          flags: MessageFlag.NORESPONSE | upstream,
          userid: request.userid,
          rolemask: request.rolemask,
          routes: request.routes ?? [],
        }),
      );
    }
    if (topic.length > LONGEST_SEEN) return undefined;
    this.#last = { topic, nodeid: request.aux1, upstream };
    if (anywhere) {
      if (this.#seen.size >= MAX_SEEN) this.#seen = new Set();
      this.#seen.add(topic);
    }
    return undefined;
  }

  /** The requests to send now that the client is gone. */
  take(): Message[] {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    this.#seen.clear();
    this.#last = { topic: "", nodeid: 0, upstream: 0 };
    return requests;
  }
}
