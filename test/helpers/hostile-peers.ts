import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { FLUX_VERSION } from "../../src/broker/index.ts";
import { readCurveCert } from "../../src/config/index.ts";
import {
  decodeFrames,
  encodeFrames,
  Message,
  MessageType,
  Role,
  textPayload,
} from "../../src/message/index.ts";
import {
  type ChildServer,
  type CurveKeys,
  type Frames,
  type ParentLink,
  parseVersion,
  ZeroMqTransport,
} from "../../src/overlay/index.ts";
import { HostileMessages } from "./hostile-messages.ts";
import type { Random } from "./message-fuzz.ts";
import { until } from "./until.ts";

/** Messages that wait in the hostile peer's own queue at most. */
const MOST_QUEUED = 500;
/** Messages between two turns of the event loop. */
const BATCH = 25;
const ANSWER_MS = 20_000;

/** Control messages of a child that do not end its being one, and the type of the one that tells it to leave. */
const HARMLESS = [
  [0, 0],
  [1, 1],
  [1, 2],
  [1, 3],
] as const;
const DISCONNECT = 2;
/** One in so many messages by which a child leaves is sent: who is no child is answered little. */
const SELDOM = 100;

/** What a hostile peer has done. */
export interface HostileCounts {
  sent: number;
  /** Times it was disconnected and came back, or said hello anew. */
  joined: number;
  received: number;
}

/** True for a message by which a child is one no more: a status that says so, or a goodbye. */
function leaves({ type, topic, aux1, aux2 }: Message): boolean {
  if (type === MessageType.CONTROL) return aux1 === 1 && (aux2 < 1 || aux2 > 3);
  return topic === "overlay.goodbye";
}

async function keysOf(cert: string): Promise<CurveKeys> {
  const { publicKey, secretKey } = await readCurveCert(cert);
  return { publicKey, secretKey };
}

/** A child with the certificate of an instance, which sends whatever comes to its mind. */
export class HostileChild implements AsyncDisposable {
  readonly counts: HostileCounts = { sent: 0, joined: 0, received: 0 };
  readonly #keys: CurveKeys;
  readonly #uri: string;
  readonly #rank: number;
  readonly #random: Random;
  #transport: ZeroMqTransport | undefined;
  #link!: ParentLink;
  #messages!: HostileMessages;
  #gone = true;

  private constructor(keys: CurveKeys, uri: string, rank: number, random: Random) {
    this.#keys = keys;
    this.#uri = uri;
    this.#rank = rank;
    this.#random = random;
  }

  /** One that comes to the parent at `uri` as `rank`. */
  static async at(uri: string, cert: string, rank: number, random: Random): Promise<HostileChild> {
    return new HostileChild(await keysOf(cert), uri, rank, random);
  }

  /** Says hello, with each connection under a new name, now and then first in a bundle. */
  async join(): Promise<void> {
    await this.#transport?.close();
    this.#transport = await ZeroMqTransport.open({ keys: this.#keys });
    const identity = randomUUID();
    let welcome: string | undefined;
    this.#gone = false;
    this.#link = this.#transport.connect({
      uri: this.#uri,
      serverKey: this.#keys.publicKey,
      identity,
      receive: (frames) => {
        this.counts.received++;
        const message = decoded(frames);
        if (message?.type === MessageType.CONTROL && message.aux1 === DISCONNECT) this.#gone = true;
        else if (message?.topic === "overlay.hello" && welcome === undefined) welcome = message.text ?? "";
      },
      lost: () => {
        this.#gone = true;
      },
    });
    const facts = {
      rank: this.#rank,
      version: parseVersion(FLUX_VERSION),
      uuid: identity,
      status: 1,
      bundles: true,
    };
    const payload = textPayload(JSON.stringify(facts));
    const hello = Message.request({ topic: "overlay.hello", payload, rolemask: Role.OWNER });
    if (this.counts.joined % 2 === 0) this.#link.send([hello.encode()]);
    this.#link.send(encodeFrames(hello));
    await until(() => welcome !== undefined, "an answer to the hello", ANSWER_MS);
    const parent = (JSON.parse(welcome!) as { uuid: string }).uuid;
    // Not its own: with answers to itself it would have its parent forget what its requests have left at services.
    const uuids = [parent, randomUUID()];
    const random = this.#random;
    const isHarmless = (message: Message) => !leaves(message) || random(SELDOM) === 0;
    this.#messages = new HostileMessages({ random, uuids, controls: HARMLESS, isHarmless });
    this.#gone = false;
    this.counts.joined++;
  }

  /** Sends so many messages, as fast as they are taken; `check` is called between batches. */
  async send(count: number, check: () => void = () => {}): Promise<void> {
    for (let left = count; left > 0; left -= BATCH) {
      if (this.#gone) await this.join();
      for (let i = Math.min(left, BATCH); i > 0; i--) {
        this.#link.send(this.#messages.next());
        this.counts.sent++;
      }
      await turn();
      while (this.#link.stats.queued > MOST_QUEUED && !this.#gone) await turn();
      check();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport?.close();
  }
}

/** A parent with the certificate of an instance: it passes on what its one child and the real parent say, and adds to it. */
export class HostileParent implements AsyncDisposable {
  readonly counts: HostileCounts = { sent: 0, joined: 0, received: 0 };
  readonly #keys: CurveKeys;
  readonly #behind: string;
  readonly #random: Random;
  /** The sides of the child and of the real parent. */
  readonly #below: ZeroMqTransport;
  readonly #above: ZeroMqTransport;
  #server!: ChildServer;
  #link: ParentLink | undefined;
  #child = "";
  #messages: HostileMessages | undefined;

  private constructor(
    keys: CurveKeys,
    below: ZeroMqTransport,
    above: ZeroMqTransport,
    behind: string,
    random: Random,
  ) {
    this.#keys = keys;
    this.#below = below;
    this.#above = above;
    this.#behind = behind;
    this.#random = random;
  }

  /** One that listens at `uri`, and whose real parent is at `behind`. */
  static async between(uri: string, behind: string, cert: string, random: Random): Promise<HostileParent> {
    const keys = await keysOf(cert);
    const [below, above] = [await ZeroMqTransport.open({ keys }), await ZeroMqTransport.open({ keys })];
    const it = new HostileParent(keys, below, above, behind, random);
    const receive = (peer: string, frames: Frames): void => it.#fromChild(peer, frames);
    it.#server = await below.listen({ uris: [uri], receive, unreachable() {} });
    it.#server.authorize("child", keys.publicKey);
    return it;
  }

  /** Sends the child so many messages, as fast as they are taken; `check` is called between batches. */
  async send(count: number, check: () => void = () => {}): Promise<void> {
    await until(() => this.#messages !== undefined, "the child and the answer to its hello", ANSWER_MS);
    for (let left = count; left > 0; left -= BATCH) {
      for (let i = Math.min(left, BATCH); i > 0; i--) {
        this.#server.send(this.#child, this.#messages!.next());
        this.counts.sent++;
      }
      await turn();
      while (this.#server.stats.queued > MOST_QUEUED) await turn();
      check();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#below.close();
    await this.#above.close();
  }

  #fromChild(peer: string, frames: Frames): void {
    this.counts.received++;
    if (this.#link === undefined) {
      this.#child = peer;
      const { publicKey: serverKey } = this.#keys;
      const receive = (answer: Frames): void => this.#fromParent(answer);
      this.#link = this.#above.connect({ uri: this.#behind, serverKey, identity: peer, receive });
    }
    if (peer === this.#child) this.#link.send(frames);
  }

  #fromParent(frames: Frames): void {
    const message = this.#messages === undefined ? decoded(frames) : undefined;
    if (message?.topic === "overlay.hello") {
      const parent = (JSON.parse(message.text ?? "{}") as { uuid: string }).uuid;
      this.counts.joined++;
      const uuids = [parent, this.#child, randomUUID()];
      const isHarmless = ({ type, aux1 }: Message) => type !== MessageType.CONTROL || aux1 !== DISCONNECT;
      this.#messages = new HostileMessages({ random: this.#random, uuids, controls: [], isHarmless });
    }
    this.#server.send(this.#child, frames);
  }
}

function decoded(frames: Frames): Message | undefined {
  try {
    return decodeFrames(frames);
  } catch {
    return undefined;
  }
}
