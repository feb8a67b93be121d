import assert from "node:assert/strict";
import { test } from "node:test";
import type { FluxError } from "../../../src/base/index.ts";
import { Message, MessageFlag, MessageType } from "../../../src/message/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** One who waits under a tag, and writes down what comes. */
function recorder(last: (message: Message) => boolean) {
  const got: (string | undefined)[] = [];
  const failures: string[] = [];
  return {
    got,
    failures,
    receive(message: Message) {
      got.push(message.errnum === 0 ? message.text : `error ${message.errnum}`);
      return last(message);
    },
    fail: (code: string) => {
      failures.push(code);
    },
  };
}

test("exchange sends a message under a tag of its own and gives each response", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect({ userid: 99 });
  await using _service = await flux.serve("s", {
    one: (_body, request) => ({ userid: request.userid }),
    *many() {
      yield { n: 1 };
      yield { n: 2 };
    },
  });
  const one = recorder(() => true);
  const many = recorder(({ errnum }) => errnum !== 0);
  const first = flux.exchange(Message.request({ topic: "s.one" }), one);
  const second = flux.exchange(Message.request({ topic: "s.many", flags: MessageFlag.STREAMING }), many);
  assert.notEqual(first.matchtag, second.matchtag);
  await until(() => flux.pending === 0, "the last responses");
  assert.deepEqual(one.got, ['{"userid":99}']);
  assert.deepEqual(many.got, ['{"n":1}', '{"n":2}', "error 61"]);
});

test("who leaves an exchange hears no more; the tag is free behind the last response", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const held: (() => void)[] = [];
  flux.handle("s.hold", (request) => {
    held.push(() => request.respond({}));
    if (request.streaming) held.push(() => request.respondError("ENODATA"));
  });
  await flux.call("service.add", { service: "s" });
  const one = recorder(() => true);
  const many = recorder(() => false);
  const exchanges = [
    flux.exchange(Message.request({ topic: "s.hold" }), one),
    flux.exchange(Message.request({ topic: "s.hold", flags: MessageFlag.STREAMING }), many),
  ];
  await until(() => held.length === 3, "the requests");
  for (const exchange of exchanges) exchange.leave();
  assert.equal(flux.pending, 2);
  for (const answer of held) answer();
  await until(() => flux.pending === 0, "the tags");
  for (const exchange of exchanges) exchange.leave();
  assert.deepEqual([one.got, many.got], [[], []]);
});

test("an exchange fails with its connection, and takes no tag when it can't be sent", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  flux.handle("s.hold", () => {});
  await flux.call("service.add", { service: "s" });
  const waiting = recorder(() => true);
  flux.exchange(Message.request({ topic: "s.hold" }), waiting);
  await flux.close();
  assert.deepEqual(waiting.failures, ["ECONNRESET"]);
  assert.throws(() => flux.exchange(Message.request({ topic: "s.hold" }), waiting), { code: "ECONNRESET" });
  assert.equal(flux.pending, 0);
});

test("a receiver gets what nobody else takes: events, requests, responses, and the end", async () => {
  await using instance = await startInstance();
  const flux = await instance.connect();
  const strays: [number, string | undefined][] = [];
  let end: FluxError | undefined;
  flux.receive({
    message: (message) => strays.push([message.type, message.topic]),
    closed: (reason) => {
      end = reason;
    },
  });
  await using _service = await flux.serve("known", { it: () => ({}) });
  await flux.call("service.add", { service: "stray" });
  flux.send(Message.request({ topic: "stray.it", matchtag: 7777 }));
  await flux.call("event.subscribe", { topic: "e" });
  await flux.publish("e.1");
  flux.send(Message.request({ topic: "nosuch.it", matchtag: 7778 }));
  assert.deepEqual(await flux.rpc("known.it"), {});
  await rejects(flux.rpc("known.other"), "ENOSYS");
  assert.deepEqual(strays, [
    [MessageType.REQUEST, "stray.it"],
    [MessageType.EVENT, "e.1"],
    [MessageType.RESPONSE, "nosuch.it"],
  ]);
  await flux.close();
  assert.equal(end?.code, "ECONNRESET");
});
