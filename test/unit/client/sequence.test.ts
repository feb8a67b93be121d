import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFinding, Flux, type LogLevel, SequenceWatch } from "../../../src/client/index.ts";
import { connectorPair, receiveOnlyConnector } from "../../../src/connector/index.ts";
import { Message, Role } from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** A handle that the test feeds with events of these numbers, subscribed to `prefix`; gives what it logged. */
async function logged(prefix: string, seqs: readonly number[]): Promise<[LogLevel, string][]> {
  const [near, far] = connectorPair();
  far.start({
    message: (message) => {
      if (message.topic === "event.subscribe") far.send(message.deriveResponse(0, undefined));
    },
    closed() {},
  });
  const lines: [LogLevel, string][] = [];
  const onLog = (level: LogLevel, text: string) => {
    lines.push([level, text]);
  };
  const flux = new Flux(near, () => assert.fail("no reconnect"), { onLog });
  const events = flux.subscribe(prefix);
  await events.ready;
  for (const seq of seqs) far.send(Message.event({ topic: "a", seq, rolemask: Role.OWNER }));
  await until(() => events.queued === seqs.length, "the events, duplicates too");
  await flux.close();
  return lines;
}

test("a subscriber to all events logs the numbers that are missing", async () => {
  assert.deepEqual(await logged("", [7, 8, 10, 11, 15, 16]), [
    ["err", "lost event 9"],
    ["err", "lost events 12-14"],
  ]);
});

test("a number that came before is logged as a duplicate, and delivered", async () => {
  assert.deepEqual(await logged("", [1, 2, 2, 1, 3]), [
    ["debug", "duplicate event 2"],
    ["debug", "duplicate event 1"],
  ]);
});

test("a subscriber to some topics can't tell a gap from a filter", async () => {
  assert.deepEqual(await logged("a", [1, 5, 2]), []);
});

test("the first number is the baseline", async () => {
  assert.deepEqual(await logged("", [1000, 1001]), []);
});

test("after a reconnect, numbers that went on tell what was lost, and those that start over tell nothing", () => {
  const watch = new SequenceWatch();
  watch.observe(10);
  watch.resume();
  assert.deepEqual(watch.observe(13), { kind: "lost", first: 11, last: 12 });
  watch.resume();
  assert.equal(watch.observe(1), undefined);
  assert.equal(watch.observe(2), undefined);
  assert.deepEqual(watch.observe(2), { kind: "duplicate", seq: 2 });
  watch.reset();
  assert.equal(watch.observe(1), undefined);
  assert.equal(describeFinding({ kind: "lost", first: 3, last: 3 }), "lost event 3");
});

test("a connector that only receives: events come, sending is ENOSYS", async () => {
  const { connector, feed } = receiveOnlyConnector();
  const lines: string[] = [];
  const flux = new Flux(connector, () => assert.fail("no reconnect"), {
    onLog: (_level, text) => lines.push(text),
  });
  assert.throws(() => flux.sendEvent(flux.encodeEvent("a")), { code: "ENOSYS" });
  await rejects(flux.rpc("a.b"), "ENOSYS");
  const { error } = await flux
    .stream("a.b")
    .next()
    .then(
      () => assert.fail("resolved"),
      (reason: unknown) => ({ error: reason as { code?: string } }),
    );
  assert.equal(error.code, "ENOSYS");
  assert.equal(flux.pending, 0);
  assert.equal(flux.writable(), undefined);
  let answered: unknown;
  flux.handle("serve.it", (request) => {
    try {
      request.respond();
    } catch (thrown) {
      answered = thrown;
      throw thrown;
    }
  });
  feed(Message.request({ topic: "serve.it", matchtag: 1, rolemask: Role.OWNER }));
  feed(Message.request({ topic: "serve.other", matchtag: 2, rolemask: Role.OWNER }));
  await until(() => answered !== undefined, "the request");
  assert.equal((answered as { code?: string }).code, "ENOSYS");
  await until(() => lines.length > 0, "the fault that could not be answered");
  assert.match(lines[0]!, /handler of serve\.it failed: FluxError: this connector can't send/);
  await flux.close();
});

test("behind the last number of 32 bits comes 1, and what is missing there is told too", () => {
  const watch = new SequenceWatch();
  for (const seq of [0xfffffffe, 0xffffffff, 1, 2]) assert.equal(watch.observe(seq), undefined);
  assert.deepEqual(watch.observe(0xffffffff), { kind: "duplicate", seq: 0xffffffff });
  const gap = new SequenceWatch();
  gap.observe(0xfffffffd);
  assert.deepEqual(gap.observe(1), { kind: "lost", first: 0xfffffffe, last: 0xffffffff });
});
