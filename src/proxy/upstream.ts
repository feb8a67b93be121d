import { FluxError } from "../base/index.ts";
import type { Flux, Subscription } from "../client/index.ts";
import { Message, MessageType } from "../message/index.ts";

/** What a proxy needs of its one connection to the broker. */
export interface Upstream {
  /** Bytes queued and not yet taken by the system. */
  readonly queuedBytes: number;
  /** Sends a message as it is. */
  send(message: Message): void;
  /** Sends a request with the credentials of `as` and waits for its response; throws its error. */
  ask(topic: string, payload: Uint8Array, as: Message): Promise<void>;
  /** Has the broker send the events under a prefix, also after a reconnect. */
  subscribe(prefix: string): Subscription;
}

/** A handle as the connection of a proxy; what comes that is not the handle's own goes to `deliver`. */
export function upstreamOf(flux: Flux, deliver: (message: Message) => void): Upstream {
  flux.receive({ message: deliver, closed() {} });
  return {
    get queuedBytes() {
      return flux.queuedBytes;
    },
    send: (message) => flux.send(message),
    ask: (topic, payload, { userid, rolemask }) =>
      new Promise((resolve, reject) => {
        flux.exchange(Message.request({ topic, payload, userid, rolemask }), {
          receive({ errnum, type }) {
            if (type !== MessageType.RESPONSE || errnum !== 0) reject(new FluxError(errnum));
            else resolve();
            return true;
          },
          fail: (code) => reject(new FluxError(code)),
        });
      }),
    // The handle's own copies of the events are of no use.
    subscribe: (prefix) => flux.subscribe(prefix, { maxQueue: 1, overflow: "drop-newest" }),
  };
}
