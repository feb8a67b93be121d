import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, EventMark, Flux, Replay } from "../../../src/client/index.ts";
import { readEventLogArgs } from "../../../src/module/bundled/event-log-args.ts";
import { ModuleInstance } from "../../helpers/module-instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { within } from "../../helpers/until.ts";

/** A broker that keeps no events, as one of flux-core's. */
const WITHOUT = { events: null };

/** Topics, and lost ranges in their places, up to and with the event `end`. */
async function readTo(replay: Replay<Event | EventMark>, end: string): Promise<string[]> {
  const seen: string[] = [];
  for (let i = 0; i < 1000; i++) {
    const { value } = await within(replay.next(), `${end} behind ${seen}`);
    assert(value !== undefined, `${end} behind ${seen}`);
    if (value.kind === "lost") seen.push(`lost ${value.lost.first}-${value.lost.last}`);
    if (value.kind !== "event") continue;
    seen.push(value.topic);
    if (value.topic === end) return seen;
  }
  assert.fail(`no ${end}`);
}

async function epochOf(flux: Flux): Promise<number> {
  return Math.round(Number(await flux.attributes.get("broker.starttime")) * 1000);
}

test("it records the events of a broker that keeps none, and a subscription finds it", async () => {
  await using at = await ModuleInstance.start(WITHOUT);
  const { flux } = at;
  await flux.publish("early");
  await at.load("event-log");
  await flux.publish("a.1", { n: 1 });
  await using replay = flux.subscribe("", { since: "begin", marks: true });
  assert.deepEqual(await readTo(replay, "a.1"), ["event-log.online", "a.1"]);
  const epoch = await epochOf(flux);
  assert.deepEqual(replay.position, { epoch, seq: 3 });
  await flux.publish("a.2");
  assert.deepEqual(await readTo(replay, "a.2"), ["a.2"], "it goes on live");
  const { last, first, disk } = await flux.rpc("event-log.stat");
  assert.deepEqual([last, first, disk], [4, { epoch, seq: 2 }, null]);
  assert.equal((await flux.rpc("event-log.stats-get"))["last"], 4);
  await rejects(flux.rpc("event.stat"), "ENOSYS");
  await rejects(flux.call("event.replay", {}), "ENOSYS");
  await at.remove("event-log");
});

test("loaded again it goes on with the epoch, and knows what it has missed", async () => {
  await using folder = await TemporaryFolder.make();
  await using at = await ModuleInstance.start(WITHOUT);
  const { flux } = at;
  const args = [`path=${folder.of("events")}`, "sync=true"];
  await at.load("event-log", args);
  await flux.publish("a.1");
  await using follower = flux.subscribe("a.", { since: "begin", marks: true });
  assert.deepEqual(await readTo(follower, "a.1"), ["a.1"]);
  await at.remove("event-log");
  for (const topic of ["a.2", "a.3"]) await flux.publish(topic);
  await at.load("event-log", args);
  await flux.publish("a.4");
  const expected = ["event-log.online", "a.1", "lost 3-4", "event-log.online", "a.4"];
  await using replay = flux.subscribe("", { since: "begin", marks: true });
  assert.deepEqual(await readTo(replay, "a.4"), expected);
  assert.deepEqual(replay.position, { epoch: await epochOf(flux), seq: 6 });
  assert.deepEqual(
    await readTo(follower, "a.4"),
    ["lost 3-4", "a.4"],
    "who follows goes on behind its last event",
  );
  const line = `events behind ${await epochOf(flux)}:2 up to 4 passed while it was not loaded`;
  assert(at.logged("warning", line), line);
  await at.remove("event-log");
});

test("without a folder it begins again with what comes, in the same epoch", async () => {
  await using at = await ModuleInstance.start(WITHOUT);
  const { flux } = at;
  await at.load("event-log", ["ring-events=2"]);
  for (const topic of ["a.1", "a.2", "a.3"]) await flux.publish(topic);
  const since = { epoch: await epochOf(flux), seq: 1 };
  await using cut = flux.subscribe("", { since, marks: true });
  assert.deepEqual(await readTo(cut, "a.3"), ["lost 2-2", "a.2", "a.3"]);
  await at.remove("event-log");
  await at.load("event-log");
  await using replay = flux.subscribe("", { since, marks: true });
  assert.deepEqual(await readTo(replay, "event-log.online"), ["lost 2-4", "event-log.online"]);
  await at.remove("event-log");
});

test("a broker of fluxbus does this itself", async () => {
  await using at = await ModuleInstance.start();
  const { message } = await rejects(at.load("event-log"), "EEXIST");
  assert.match(message, /^this broker keeps its events itself: event\.replay and event\.stat/);
  assert(at.logged("err", message));
});

test("what it can't be loaded with", async () => {
  await using at = await ModuleInstance.start(WITHOUT);
  const wrong: [string[], object, RegExp][] = [
    [["since=1"], {}, /^since: unknown option$/],
    [["nonsense"], {}, /^nonsense: unknown option$/],
    [["ring-events=0"], {}, /^ring-events=0 leaves nothing to keep$/],
    [["ring-age=x"], {}, /^event-log\.ring-age: 'x' is not a duration/],
    [["sync=1"], {}, /^event-log\.sync needs event-log\.path/],
    [[], { name: "log2" }, /^load it under the name event-log/],
  ];
  for (const [args, more, text] of wrong) {
    const { message } = await rejects(at.load("event-log", args, more), "EINVAL");
    assert.match(message, text);
  }
  await using folder = await TemporaryFolder.make({ file: "" });
  await rejects(at.load("event-log", [`path=${folder.of("file/x")}`]), "ENOTDIR");
  assert.equal(await at.listed("event-log"), undefined);
});

test("its arguments come before the configuration", () => {
  const config = { "event-log": { path: "/a", sync: true, "ring-events": 7 } };
  const { path, sync, ring } = readEventLogArgs(["path=/b=c", "sync=0"], config);
  assert.deepEqual([path, sync, ring], ["/b=c", false, { events: 7 }]);
});
