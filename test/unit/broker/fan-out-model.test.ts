import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { ByteSink, EMPTY } from "../../../src/base/index.ts";
import { Accounts } from "../../../src/broker/accounts.ts";
import { ClientConnection } from "../../../src/broker/client-connection.ts";
import { EventDistributor } from "../../../src/broker/event-distributor.ts";
import { RouteIdentity } from "../../../src/broker/route-identity.ts";
import { type SlowClientPolicy, SlowClients } from "../../../src/broker/slow-clients.ts";
import type { FrameLink } from "../../../src/connector/index.ts";
import { EventRing } from "../../../src/event-log/index.ts";
import { Framer, Message, MessageFlag, MessageType } from "../../../src/message/index.ts";

const identity = new RouteIdentity();

/** What a client was sent, in a word: a response by its tag, an event by number, topic and payload. */
type Sent = string;

/** A link that keeps what is queued until it is read, and tells when it is destroyed. */
class FakeLink implements FrameLink {
  readonly sink = new ByteSink();
  readonly #framer = new Framer();
  readonly #destroyed: () => void;
  isOpen = true;

  constructor(destroyed: () => void) {
    this.#destroyed = destroyed;
  }

  get queuedBytes(): number {
    return this.isOpen ? this.sink.length : 0;
  }

  forward(message: Message, pushed: Uint8Array, headFrom: number): void {
    if (this.isOpen) message.forwardTo(this.sink, pushed, headFrom);
  }

  sendEncoded(frames: Uint8Array): void {
    if (this.isOpen) this.sink.share(frames);
  }

  sendCopy(bytes: Uint8Array, start: number, end: number): void {
    if (this.isOpen) this.sink.share(bytes.slice(start, end));
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#destroyed();
  }

  start(): void {}
  writable(): undefined {}
  async end(): Promise<void> {}

  /** What has been queued since the last call. */
  read(): Sent[] {
    const sent: Sent[] = [];
    for (const chunk of this.sink.take()) this.#framer.push(chunk, (message) => sent.push(wordOf(message)));
    return sent;
  }
}

function wordOf(message: Message): Sent {
  if (message.type === MessageType.RESPONSE) return `response ${message.matchtag}`;
  const payload = message.payload ?? EMPTY;
  assert(payload.every((byte) => byte === (message.seq & 0xff)));
  return `event ${message.seq} ${message.topic} ${payload.length}`;
}

interface Client {
  readonly connection: ClientConnection;
  readonly link: FakeLink;
  readonly prefixes: Set<string>;
  readonly expected: Sent[];
  readonly read: Sent[];
}

const anyClient = fc.nat(5);
const anyPrefix = fc.constantFrom("a", "a.", "b", "c", "");
const anyStep = fc.oneof(
  { weight: 15, arbitrary: fc.record({ subscribe: anyPrefix, client: anyClient }) },
  { weight: 5, arbitrary: fc.record({ unsubscribe: anyPrefix, client: anyClient }) },
  { weight: 8, arbitrary: fc.record({ respond: anyClient }) },
  { weight: 4, arbitrary: fc.record({ read: anyClient }) },
  { weight: 2, arbitrary: fc.record({ destroy: anyClient }) },
  { weight: 8, arbitrary: fc.constant("end of turn" as const) },
  {
    weight: 58,
    arbitrary: fc.record({
      topic: fc.constantFrom("a", "a.b", "b", "c", "c", "d"),
      bytes: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 10, 300, 3000) }, fc.constant(17_000)),
      isPrivate: fc.nat(7).map((dice) => dice === 0),
    }),
  },
);

const anyRun = fc.record({
  steps: fc.array(anyStep, { minLength: 100, maxLength: 300, size: "max" }),
  policy: fc.constantFrom<SlowClientPolicy>("disconnect", "disconnect", "drop-events"),
  /** Bytes each client's queue takes. */
  queues: fc.array(fc.constantFrom(2000, 20_000, 1e9, 1e9), { minLength: 6, maxLength: 6 }),
  ring: fc.constantFrom(undefined, { events: 1 }, { bytes: 8192 }, { bytes: 200_000 }),
});

test("each client gets what it is to get, in order, while others come, go and are too slow", () => {
  fc.assert(
    fc.property(anyRun, ({ steps, policy, queues, ring: limits }) => {
      const flushes: (() => void)[] = [];
      const endTurn = (): void => {
        for (let at = 0; at < flushes.length; at++) flushes[at]!();
        flushes.length = 0;
      };
      let counted = 0;
      const slow = new SlowClients(policy, () => {});
      const distributor = new EventDistributor({
        slow,
        schedule: (flush) => flushes.push(flush),
        log: assert.fail,
        sent: (count) => {
          counted += count;
        },
      });
      const ring =
        limits && new EventRing({ after: { epoch: 7, seq: 0 }, limits, leaving: distributor.flush });
      const clients = queues.map((queueBytes): Client => {
        const prefixes = new Set<string>();
        const link = new FakeLink(() => {
          for (const prefix of prefixes) distributor.unsubscribe(connection, prefix);
          prefixes.clear();
        });
        const credential = { userid: 1, rolemask: 1 };
        const connection = new ClientConnection({
          uuid: randomUUID(),
          link,
          credential,
          pid: undefined,
          identity,
          queueBytes,
          account: new Accounts().of(credential),
          overdrawn: () => {},
        });
        return { connection, link, prefixes, expected: [], read: [] };
      });
      const read = ({ link, read: words }: Client): number => words.push(...link.read());
      let seq = 0;
      let tag = 0;
      for (const step of steps) {
        if (step === "end of turn") {
          endTurn();
          for (const [index, client] of clients.entries()) {
            if (!client.link.isOpen || queues[index] !== 1e9) continue;
            read(client);
            assert.equal(client.read.length, client.expected.length, "all is queued when the turn ends");
          }
        } else if ("topic" in step) {
          const { topic, bytes, isPrivate } = step;
          seq++;
          const payload = new Uint8Array(bytes).fill(seq & 0xff);
          const flags = isPrivate ? MessageFlag.PRIVATE : 0;
          const event = Message.event({ topic, payload, seq, flags, userid: 1, rolemask: 1 });
          for (const { link, prefixes, expected } of clients)
            if (link.isOpen && [...prefixes].some((prefix) => topic.startsWith(prefix)))
              expected.push(wordOf(event));
          distributor.distribute(event, ring?.append(event));
        } else {
          const client =
            clients[
              "client" in step
                ? step.client
                : "respond" in step
                  ? step.respond
                  : "read" in step
                    ? step.read
                    : step.destroy
            ]!;
          const { connection, link, prefixes, expected } = client;
          if (!link.isOpen) continue;
          if ("subscribe" in step && !prefixes.has(step.subscribe)) {
            prefixes.add(step.subscribe);
            distributor.subscribe(connection, step.subscribe);
          } else if ("unsubscribe" in step && prefixes.delete(step.unsubscribe))
            distributor.unsubscribe(connection, step.unsubscribe);
          else if ("read" in step) read(client);
          else if ("destroy" in step) link.destroy();
          else if ("respond" in step) {
            const response = Message.response({ topic: "x", matchtag: ++tag });
            if (!connection.hasRoom(response.frameBytes())) slow.close(connection);
            else {
              expected.push(wordOf(response));
              connection.forward(response, EMPTY, response.headStart);
            }
          }
        }
      }
      endTurn();
      let got = 0;
      for (const client of clients) {
        const { connection, link, expected } = client;
        got += connection.counters.sent;
        if (!link.isOpen) continue;
        read(client);
        const { dropped } = connection.counters;
        assert.equal(client.read.length + dropped, expected.length);
        if (dropped === 0) assert.deepEqual(client.read, expected);
        // What came is in the order of what was to come, and nothing else.
        let at = 0;
        for (const word of client.read) {
          at = expected.indexOf(word, at) + 1;
          assert(at > 0, `${word} is out of order`);
        }
      }
      assert(counted <= got, "each event is counted when it is queued");
    }),
    { numRuns: 1000 },
  );
});
