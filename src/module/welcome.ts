import { FluxError } from "../base/index.ts";
import type { Connector, Receiver } from "../connector/index.ts";
import { type JsonObject, parseJson, unpackText } from "../json/index.ts";
import { type Message, MessageType, oversizeError } from "../message/index.ts";

/** What a broker tells a module first. Source: RFC 5; flux_module_initialize in flux-core. */
export interface Welcome {
  readonly name: string;
  readonly uuid: string;
  readonly args: readonly string[];
  /** Attributes that never change. */
  readonly attrs: Readonly<Record<string, string>>;
  readonly conf: JsonObject;
}

/**
 * Waits for the welcome on a fresh connection.
 * @returns it, and the connection with what follows it.
 * @throws FluxError ECONNRESET when the broker hangs up instead, EPROTO for another message.
 */
export function receiveWelcome(connector: Connector): Promise<{ welcome: Welcome; connector: Connector }> {
  const welcomed = new WelcomedConnector(connector);
  return welcomed.first.then((message) => ({ welcome: readWelcome(message), connector: welcomed }));
}

function readWelcome(message: Message): Welcome {
  const text = message.text;
  if (message.type !== MessageType.REQUEST || message.topic !== "welcome" || text === undefined) {
    throw new FluxError("EPROTO", "welcome decode failure");
  }
  const [args, attrs, conf, name, uuid] = unpackText(
    text,
    "{s:o s:o s:o s:s s:s}",
    "args",
    "attrs",
    "conf",
    "name",
    "uuid",
  );
  if (!Array.isArray(args)) throw new FluxError("EPROTO", "welcome decode failure");
  // The configuration keeps what JSON says of integers and reals: it is read as the broker's clients read it.
  const object = parseJson(text) as { readonly conf: JsonObject };
  return {
    name,
    uuid,
    args: args.map(String),
    attrs: attrs as Record<string, string>,
    conf: conf === null ? {} : object.conf,
  };
}

/** A connection whose first message was taken out; the others wait for `start`. */
class WelcomedConnector implements Connector {
  /** The first message; rejects when there is none. */
  readonly first: Promise<Message>;
  readonly #connector: Connector;
  readonly #early: Message[] = [];
  #receiver: Receiver | undefined;
  #closed: { readonly reason: FluxError | undefined } | undefined;

  constructor(connector: Connector) {
    this.#connector = connector;
    this.first = new Promise((resolve, reject) => {
      let welcomed = false;
      connector.start({
        message: (message) => {
          if (!welcomed) {
            welcomed = true;
            resolve(message);
          } else if (this.#receiver === undefined) this.#early.push(message);
          else this.#receiver.message(message);
        },
        oversized: (message, size) => {
          if (welcomed) this.#receiver?.oversized?.(message, size);
          else reject(oversizeError(message, size));
        },
        closed: (reason) => {
          this.#closed = { reason };
          reject(reason ?? new FluxError("ECONNRESET"));
          this.#receiver?.closed(reason);
        },
      });
    });
  }

  get uri(): string {
    return this.#connector.uri;
  }

  get queuedBytes(): number {
    return this.#connector.queuedBytes;
  }

  send(message: Message): void {
    this.#connector.send?.(message);
  }

  writable(): Promise<void> | undefined {
    return this.#connector.writable?.();
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    for (const message of this.#early.splice(0)) receiver.message(message);
    if (this.#closed !== undefined) receiver.closed(this.#closed.reason);
  }

  close(): Promise<void> {
    return this.#connector.close();
  }

  ref(): void {
    this.#connector.ref();
  }

  unref(): void {
    this.#connector.unref();
  }
}
