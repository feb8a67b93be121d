import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { EMPTY, errno } from "../../../src/base/index.ts";
import { Account, Accounts, GUEST_BYTES, GUESTS_BYTES } from "../../../src/broker/accounts.ts";
import { CLIENT_QUEUE_BYTES } from "../../../src/broker/broker-options.ts";
import type { BuiltinService } from "../../../src/broker/builtin-service.ts";
import { type ClientConnection, GUEST_REQUEST_BYTES } from "../../../src/broker/client-connection.ts";
import { GUEST_CONNECTIONS, refuseConnection } from "../../../src/broker/connection-limits.ts";
import { ConnectorService, MAX_SUBSCRIPTIONS } from "../../../src/broker/connector-service.ts";
import type { EventDistributor } from "../../../src/broker/event-distributor.ts";
import { EventService, GUEST_PUBLISH_BYTES } from "../../../src/broker/event-service.ts";
import { Ingress } from "../../../src/broker/ingress.ts";
import { MODULE_QUEUE_BYTES } from "../../../src/broker/module-host.ts";
import { MAX_REQUESTS, ModuleRequests } from "../../../src/broker/module-requests.ts";
import { MAX_RANKS } from "../../../src/broker/modules/groups.ts";
import { ServiceTable } from "../../../src/broker/service-table.ts";
import { MAX_QUEUE } from "../../../src/client/options.ts";
import { ResponseStream } from "../../../src/client/response-stream.ts";
import { Subscription } from "../../../src/client/subscription.ts";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { FrameSocket, HIGH_WATER_BYTES } from "../../../src/socket/frame-socket.ts";
import { ReadTurns, TURN_MS, type TurnReader } from "../../../src/socket/read-turns.ts";
import { descriptorLimit } from "../../../src/system/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { fixture, ModuleInstance } from "../../helpers/module-instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";
import { Inbox, request, socketPair } from "../socket/peers.ts";

const guest = (userid: number) => ({ userid, rolemask: Role.USER | Role.LOCAL });
const OWNER = { userid: 1, rolemask: Role.OWNER | Role.LOCAL };

/** The connections that a broker makes while `run` runs. */
async function connected(run: () => Promise<unknown>): Promise<ClientConnection[]> {
  const open = mock.method(Account.prototype, "open");
  try {
    await run();
  } finally {
    open.mock.restore();
  }
  return open.mock.calls.map(({ arguments: [connection] }) => connection as ClientConnection);
}

/** From now on so many bytes are queued for a connection, as it seems to the broker. */
function pretend({ link }: ClientConnection, queuedBytes: number): void {
  Object.defineProperty(link, "queuedBytes", { value: queuedBytes, configurable: true });
}

test("one guest may hold its bytes and no more, all guests theirs", () => {
  const accounts = new Accounts();
  const [one, other, third] = [7, 8, 9].map((userid) => accounts.of(guest(userid)));
  assert.equal(one!.charge(GUEST_BYTES), true);
  assert.equal(one!.charge(1), false);
  assert.equal(other!.charge(GUESTS_BYTES - GUEST_BYTES), true);
  assert.equal(third!.charge(1), false);
  one!.release(1);
  assert.equal(third!.charge(1), true);
  assert.equal(accounts.of(OWNER).charge(GUESTS_BYTES + 1), true);
});

test("one guest has its connections and no more, all guests theirs", () => {
  const refusal = (own: number, all: number, credential = guest(7)) => {
    const accounts = { connectionsOf: () => own, guestConnections: all };
    return refuseConnection(credential, accounts as unknown as Accounts, {});
  };
  const all = Math.floor(descriptorLimit() / 2);
  const own = Math.min(GUEST_CONNECTIONS, Math.floor(all / 2));
  assert.equal(refusal(own - 1, own - 1), undefined);
  assert.match(refusal(own, own) ?? "", /the most that a guest may have/);
  assert.equal(refusal(0, all - 1), undefined);
  assert.match(refusal(0, all) ?? "", /the most that they may have together/);
  assert.equal(refusal(own, all, OWNER), undefined);
});

test("a guest's publication is read up to its limit", () => {
  const service = new EventService({
    rank: 0,
    publisher: { publish: () => assert.fail("zeros are no publication") },
    events: undefined,
    others: {} as BuiltinService,
  });
  const refusalOf = (bytes: number, rolemask: number): string => {
    const payload = new Uint8Array(bytes);
    const message = Message.request({ topic: "event.publish", matchtag: 1, rolemask, payload });
    const answer = service.answer(message) as Message;
    assert.notEqual(answer.errnum, 0);
    return answer.text ?? "";
  };
  const isLimit = /to publish an event is over the limit of \d+ for guests/;
  assert.doesNotMatch(refusalOf(GUEST_PUBLISH_BYTES, Role.USER), isLimit);
  assert.match(refusalOf(GUEST_PUBLISH_BYTES + 1, Role.USER), isLimit);
  assert.doesNotMatch(refusalOf(GUEST_PUBLISH_BYTES + 1, Role.OWNER), isLimit);
});

test("a turn reads for its time, and the rest waits", () => {
  let now = 0;
  const turnEnds: (() => void)[] = [];
  const turns = new ReadTurns({ now: () => now, nextTurn: (run) => void turnEnds.push(run) });
  const read: string[] = [];
  const reader = (name: string, ms: number): TurnReader => ({
    handle: () => {
      now += ms;
      read.push(name);
    },
    pause() {},
    resume() {},
  });
  turns.take(reader("first", TURN_MS - 1), EMPTY);
  turns.take(reader("second", 1), EMPTY);
  turns.take(reader("third", 1), EMPTY);
  assert.deepEqual([read, turns.waiting], [["first", "second"], 1]);
  turnEnds.shift()!();
  assert.deepEqual([read, turns.waiting], [["first", "second", "third"], 0]);
});

test("a client's queue takes its bytes, and of guests' requests half of that", async () => {
  await using instance = await TestInstance.start();
  const [client] = await connected(() => instance.connect());
  pretend(client!, CLIENT_QUEUE_BYTES - 100);
  assert.deepEqual([client!.hasRoom(100), client!.hasRoom(101)], [true, false]);
  assert(GUEST_REQUEST_BYTES <= CLIENT_QUEUE_BYTES / 2);
  pretend(client!, GUEST_REQUEST_BYTES - 100);
  assert.deepEqual([client!.hasRoomForGuest(100), client!.hasRoomForGuest(101)], [true, false]);
  pretend(client!, 0);
  assert.equal(client!.hasRoomForGuest(CLIENT_QUEUE_BYTES + 1), true, "an empty queue takes any message");
});

test("a module's queue takes its bytes", async () => {
  await using modules = await ModuleInstance.start();
  const [module] = await connected(() => modules.load(fixture("probe")));
  assert.equal(module!.isModule, true);
  pretend(module!, MODULE_QUEUE_BYTES - 100);
  assert.deepEqual([module!.hasRoom(100), module!.hasRoom(101)], [true, false]);
  pretend(module!, 0);
});

test("a client has its prefixes and no more", () => {
  const events = { subscribe() {} } as unknown as EventDistributor;
  const service = new ConnectorService(new ServiceTable(), events, new Ingress());
  const subscriptions = new Map(Array.from({ length: MAX_SUBSCRIPTIONS - 1 }, (_, index) => [`${index}`, 1]));
  const client = { subscriptions, share: { charge: () => true } } as unknown as ClientConnection;
  const subscribe = (prefix: string): number => {
    const payload = textPayload(JSON.stringify({ topic: prefix }));
    const message = Message.request({ topic: "event.subscribe", matchtag: 1, payload });
    return (service.receive(client, message, "event.subscribe") as Message).errnum;
  };
  assert.deepEqual(["last", "more", "last"].map(subscribe), [0, errno.ENOBUFS, 0]);
});

test("an update of groups names its ranks and no more", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const update = (last: number) => ({ update: { g: [{ ranks: `0-${last}`, set: true }] } });
  await flux.rpc("groups.update", update(MAX_RANKS));
  assert.deepEqual(instance.broker.groups.members("g"), []);
  await flux.rpc("groups.update", update(MAX_RANKS / 1024));
  await until(() => instance.broker.groups.members("g").length === MAX_RANKS / 1024 + 1, "the members");
});

test("requests of a module are remembered up to their number, and passed on", () => {
  const ledger = { charge: () => true, release() {} };
  const requests = new ModuleRequests(ledger, 2);
  for (const matchtag of [1, 2, 3])
    assert.equal(requests.add(Message.request({ topic: "m.x", matchtag, userid: 7 }), EMPTY), true);
  assert.equal(requests.size, 2);
  assert.equal(new ModuleRequests(ledger).most, MAX_REQUESTS);
});

test("who writes waits once so much is queued for the socket", async () => {
  await using pair = await socketPair();
  const frames = new FrameSocket(pair.near);
  frames.start(new Inbox());
  let before = 0;
  while (frames.writable() === undefined) {
    before = frames.queuedBytes;
    frames.send(request(1, 1000));
  }
  assert(before < HIGH_WATER_BYTES, `${before} bytes`);
  assert(frames.queuedBytes >= HIGH_WATER_BYTES && frames.queuedBytes < HIGH_WATER_BYTES + 2000);
  frames.destroy();
});

test("streams and subscriptions hold their number for a slow reader", async () => {
  let canceled = 0;
  const stream = new ResponseStream("a.b", {}, (message) => message);
  const response = Message.response({ topic: "a.b", matchtag: 1, flags: MessageFlag.STREAMING });
  let receive = (_response: Message): unknown => assert.fail();
  stream.start((waiting) => {
    receive = waiting.receive;
    return { cancel: () => void canceled++ };
  });
  for (let index = 0; index <= MAX_QUEUE; index++) receive(response);
  let left = 0;
  const leave = async (): Promise<void> => void left++;
  const subscription = new Subscription("e", {}, async () => {}, leave);
  const event = Message.event({ topic: "e", rolemask: Role.OWNER });
  for (let index = 0; index < MAX_QUEUE; index++) subscription.deliver(event);
  assert.deepEqual([stream.queued, subscription.queued, left], [MAX_QUEUE, MAX_QUEUE, 0]);
  subscription.deliver(event);
  assert.deepEqual([subscription.queued, left], [MAX_QUEUE, 1]);
  for (const reader of [stream, subscription]) {
    for (let index = 0; index < MAX_QUEUE; index++) await reader.next();
    await rejects(reader.next(), "ENOBUFS");
  }
  assert.equal(canceled, 1);
});
