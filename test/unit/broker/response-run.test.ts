import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ByteSink, concatBytes, FluxError } from "../../../src/base/index.ts";
import { Accounts } from "../../../src/broker/accounts.ts";
import type { ClientConnection } from "../../../src/broker/client-connection.ts";
import { RouteIdentity } from "../../../src/broker/route-identity.ts";
import { Router } from "../../../src/broker/router.ts";
import type { FrameLink } from "../../../src/connector/index.ts";
import { Framer, type Message, MessageFlag, MessageType, Role } from "../../../src/message/index.ts";
import { anyFields, anyPayload, anyRoutes, anyTopic } from "../../helpers/message-arbitrary.ts";
import {
  type TwinFields,
  twinEncode,
  twinFrame,
  twinNormal,
  twinPart,
  twinParts,
} from "../../helpers/message-twin.ts";

/** A queue that nobody reads, to look at. */
class Queue implements FrameLink {
  readonly #sink = new ByteSink();
  destroyed = false;

  get queuedBytes(): number {
    return this.#sink.length;
  }

  take(): Uint8Array {
    return concatBytes(this.#sink.take());
  }

  forward(message: Message, pushed: Uint8Array, headFrom: number): void {
    if (!this.destroyed) message.forwardTo(this.#sink, pushed, headFrom);
  }

  sendEncoded(frames: Uint8Array): void {
    this.sendCopy(frames, 0, frames.length);
  }

  sendCopy(bytes: Uint8Array, start: number, end: number): void {
    if (!this.destroyed) this.#sink.share(bytes.slice(start, end));
  }

  destroy(): void {
    this.destroyed = true;
  }

  async end(): Promise<void> {}
  start(): void {}
  writable(): undefined {}
}

const BROKER = new RouteIdentity();
const CLIENTS = [randomUUID(), randomUUID()];
const SERVICE = randomUUID();

/** A router with two clients and a service, always the same ones. */
class Rig {
  readonly queues = CLIENTS.map(() => new Queue());
  readonly router = new Router({
    rank: 0,
    owner: 7,
    identity: BROKER,
    slowClient: "disconnect",
    accounts: new Accounts(),
    log() {},
    schedule() {},
  });
  readonly #clients: ClientConnection[];
  readonly #service: ClientConnection;
  readonly #framer = new Framer();

  constructor(rolemask: number, queueBytes: number) {
    const connect = (uuid: string, link: FrameLink): ClientConnection => {
      // A guest's responses are never taken unread.
      const credential = { userid: 0xfffffff0, rolemask: rolemask | Role.OWNER };
      return this.router.connect({ uuid, link, credential, pid: undefined, queueBytes });
    };
    this.#clients = CLIENTS.map((uuid, index) => connect(uuid, this.queues[index]!));
    this.#service = connect(SERVICE, new Queue());
  }

  /** Takes what the service sent; the error that ends its connection, if any, comes out. Returns how many frames were taken unread. */
  push(chunk: Uint8Array, unread: boolean): { taken: number; error: FluxError | undefined } {
    let taken = 0;
    let error: FluxError | undefined;
    const take: Parameters<Framer["push"]>[2] = (frames, start, end) => {
      const done = this.router.receiveFrame(this.#service, frames, start, end);
      if (done) taken++;
      return done;
    };
    try {
      this.#framer.push(
        chunk,
        (message) => this.router.receive(this.#service, message),
        unread ? take : undefined,
      );
    } catch (thrown) {
      error = FluxError.from(thrown);
    }
    this.router.pause();
    return { taken, error };
  }

  /** All there is to see: what is queued, what was counted, and who was closed. */
  get outcome(): unknown {
    const { rx, tx, slow } = this.router;
    return {
      queued: this.queues.map((queue) => Buffer.from(queue.take()).toString("hex")),
      destroyed: this.queues.map((queue) => queue.destroyed),
      counters: [...this.#clients, this.#service].map((client) => client.counters),
      rx,
      tx,
      slow: slow.counters,
    };
  }
}

const client = fc.constantFrom(...CLIENTS, randomUUID());
const anyStack = fc.oneof(
  { weight: 4, arbitrary: client.map((uuid) => [BROKER.brokerUuid, BROKER.connectorUuid, uuid]) },
  { weight: 1, arbitrary: client.map((uuid) => [BROKER.connectorUuid, uuid]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(client, anyRoutes)
      .map(([uuid, below]) => [BROKER.brokerUuid, BROKER.connectorUuid, uuid, ...below]),
  },
  { weight: 1, arbitrary: anyRoutes },
);

/** Mostly responses to a client as a service sends them. */
const anyResponse: fc.Arbitrary<TwinFields> = fc
  .record({
    fields: anyFields,
    routes: anyStack,
    topic: anyTopic,
    payload: fc.option(anyPayload, { nil: undefined }),
    other: fc.nat(9),
  })
  .map(({ fields, routes, topic, payload, other }) => {
    if (other === 0) return twinNormal({ ...fields, routes });
    // No requests: how they are answered has the identity of nobody here.
    return twinNormal({ ...fields, type: MessageType.RESPONSE, routes, topic, payload });
  })
  .map((fields) => (fields.type === MessageType.REQUEST ? { ...fields, type: MessageType.EVENT } : fields));

/** With the length before the header, as a rule the payload's, in its long form: taken, but not sent on so. */
const longEncode = (fields: TwinFields): Buffer =>
  twinFrame(Buffer.concat(twinParts(fields).map((part, i, { length }) => twinPart(part, i === length - 2))));

const anyRole = fc.constantFrom(Role.OWNER | Role.LOCAL, Role.USER | Role.LOCAL);

test("responses that go on unread are the same, and do the same, as those that are decoded", () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(anyResponse, { minLength: 1, maxLength: 12 }),
      anyRole,
      fc.constantFrom(300, 2000, 1_000_000),
      fc.nat(12),
      (responses, rolemask, queueBytes, long) => {
        const chunk = concatBytes(
          responses.map((fields, i) => (i === long ? longEncode : twinEncode)(fields)),
        );
        const decoded = new Rig(rolemask, queueBytes);
        const unread = new Rig(rolemask, queueBytes);
        decoded.push(chunk.slice(), false);
        taken += unread.push(chunk.slice(), true).taken;
        assert.deepEqual(unread.outcome, decoded.outcome);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(taken > 300, `${taken} were taken unread`);
});

test("what is wrong with a response is found, unread or not", () => {
  fc.assert(
    fc.property(
      fc.array(anyResponse, { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      (responses, changes, atEnd) => {
        const frames = responses.map((fields) => twinEncode(fields));
        const chunk = concatBytes(frames);
        const last = frames.at(-1)!.length;
        // Behind its preamble: an announced length that is wrong only makes the framer wait. Changes at the end meet the header's parts.
        for (const [at, byte] of changes) {
          const range = atEnd ? Math.min(40, last - 8) : last - 8;
          chunk[chunk.length - 1 - (at % range)] = byte;
        }
        // A request is refused with a text of the broker's own, which needs no comparing.
        const type = chunk[chunk.length - 18]!;
        fc.pre(type !== MessageType.REQUEST);
        const decoded = new Rig(Role.OWNER, 1_000_000);
        const unread = new Rig(Role.OWNER, 1_000_000);
        const expected = decoded.push(chunk.slice(), false).error;
        assert.deepEqual(unread.push(chunk.slice(), true).error?.message, expected?.message);
        assert.deepEqual(unread.outcome, decoded.outcome);
      },
    ),
    { numRuns: 1000 },
  );
});

test("a stream goes on unread, to one client after the other, in order with what is decoded", () => {
  const stream = (uuid: string, matchtag: number): TwinFields =>
    twinNormal({
      type: MessageType.RESPONSE,
      flags: MessageFlag.STREAMING,
      userid: 0xffffffff,
      rolemask: 0,
      aux1: 0,
      aux2: matchtag,
      routes: [BROKER.brokerUuid, BROKER.connectorUuid, uuid],
      topic: "a.count",
      payload: new Uint8Array(64).fill(matchtag),
    });
  const large = { ...stream(CLIENTS[0]!, 5), payload: new Uint8Array(20_000) };
  const sent = [
    ...[1, 2, 3].map((tag) => stream(CLIENTS[0]!, tag)),
    stream(CLIENTS[1]!, 4),
    large,
    stream(CLIENTS[0]!, 6),
  ];
  const rig = new Rig(Role.OWNER, 1_000_000);
  const { taken } = rig.push(concatBytes(sent.map((fields) => twinEncode(fields))), true);
  assert.equal(taken, sent.length - 1, "all but the large one");
  const tags = rig.queues.map((queue) => {
    const got: number[] = [];
    new Framer().push(queue.take(), (message) => {
      assert.equal(message.atRequester, true);
      assert.deepEqual([message.userid, message.rolemask], [0xfffffff0, Role.OWNER]);
      got.push(message.matchtag);
    });
    return got;
  });
  assert.deepEqual(tags, [[1, 2, 3, 5, 6], [4]]);
  assert.equal(rig.router.tx.response, 6);
});
