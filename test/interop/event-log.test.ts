import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, EventMark, Replay } from "../../src/client/index.ts";
import { FluxCoreInstance } from "../../src/testing/index.ts";
import { runFlux } from "../helpers/run-flux.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until, within } from "../helpers/until.ts";
import { CliProcess, fluxbus } from "../process/cli-process.ts";

const BOUNDED = { timeout: 120_000 };

/** Topics, and lost ranges in their places, up to and with the event `end`. */
async function readTo(replay: Replay<Event | EventMark>, end: string): Promise<string[]> {
  const seen: string[] = [];
  while (seen.at(-1) !== end) {
    const { value } = await within(replay.next(), `${end} behind ${seen}`, 20_000);
    assert(value !== undefined);
    if (value.kind === "event") seen.push(value.topic);
    else if (value.kind === "lost") seen.push(`lost ${value.lost.first}-${value.lost.last}`);
  }
  return seen;
}

test("the module event-log beside flux-core: cursors, replays and the command line", BOUNDED, async () => {
  await using folder = await TemporaryFolder.make();
  await using instance = await FluxCoreInstance.start();
  const { uri } = instance;
  const flux = await instance.connect();
  const publish = (topic: string) => runFlux(["event", "pub", topic], { FLUX_URI: uri });
  const module = async (...words: string[]): Promise<void> => {
    const { status, stderr } = await fluxbus(["module", ...words], { uri });
    assert.deepEqual([status, stderr], [0, ""], words.join(" "));
  };
  const load = () => module("load", "event-log", `path=${folder.of("events")}`);
  await publish("a.0");
  await load();
  await publish("a.1");
  const epoch = Math.round(Number(await runFlux(["getattr", "broker.starttime"], { FLUX_URI: uri })) * 1000);
  await using follower = flux.subscribe("a.", { since: "begin", marks: true });
  assert.deepEqual(await readTo(follower, "a.1"), ["a.1"]);
  assert.deepEqual(follower.position, { epoch, seq: 3 });
  await publish("a.2");
  assert.deepEqual(await readTo(follower, "a.2"), ["a.2"], "it goes on live");

  await module("remove", "event-log");
  await publish("a.3");
  await load();
  await publish("a.4");
  assert.deepEqual(await readTo(follower, "a.4"), ["lost 5-5", "a.4"]);
  await module("reload", "event-log", `path=${folder.of("events")}`);
  await using replay = flux.subscribe("", { since: { epoch, seq: 0 }, marks: true });
  const online = "event-log.online";
  await publish("a.5");
  const all = ["lost 1-1", online, "a.1", "a.2", "lost 5-5", online, "a.4", online, "a.5"];
  assert.deepEqual(await readTo(replay, "a.5"), all);

  const { stdout, stderr } = await fluxbus(["event", "log", "--prefix=a."], { uri });
  assert.deepEqual(
    stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split("\t").filter((_, column) => column !== 1)),
    [
      [`${epoch}:3`, "a.1", ""],
      [`${epoch}:4`, "a.2", ""],
      [`${epoch}:7`, "a.4", ""],
      [`${epoch}:9`, "a.5", ""],
    ],
  );
  assert.match(stderr, /lost: event 5 of epoch/);
  await module("remove", "event-log");
});

test("it runs as a program of its own too, whose end is not that of the broker", BOUNDED, async () => {
  await using instance = await FluxCoreInstance.start();
  const { uri } = instance;
  const flux = await instance.connect();
  const recorder = new CliProcess(["module-exec", "event-log"], { uri });
  const records = (): Promise<boolean> =>
    flux.rpc("event-log.stat").then(
      () => true,
      () => false,
    );
  await until(async () => recorder.ended || (await records()), "it records", 20_000);
  await flux.publish("a.1");
  await using replay = flux.subscribe("a.", { since: "begin", marks: true });
  assert.deepEqual(await readTo(replay, "a.1"), ["a.1"]);
  await recorder.end("SIGKILL");
  assert.equal((await flux.ping()).rank, 0);
  assert.equal(await records(), false);
});

test("what it refuses is in the log of flux-core's broker", BOUNDED, async () => {
  await using instance = await FluxCoreInstance.start({
    attributes: { "log-stderr-mode": "local", "log-stderr-level": "2" },
  });
  const { uri } = instance;
  const outcome = await fluxbus(["module", "load", "event-log", "nonsense"], { uri });
  assert.deepEqual(
    [outcome.status, outcome.stderr],
    [1, "fluxbus module load: event-log: Invalid argument\n"],
  );
  const log = await runFlux(["dmesg"], { FLUX_URI: uri });
  assert.match(log, /event-log\.err\[0\]: nonsense: unknown option$/m);
});
