import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Event, EventMark, Flux, Replay } from "../../src/client/index.ts";
import { BrokerProcesses } from "../helpers/broker-processes.ts";
import { LossyRank } from "../helpers/lossy-rank.ts";
import { runFlux } from "../helpers/run-flux.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until, within } from "../helpers/until.ts";
import { CliProcess, fluxbus } from "../process/cli-process.ts";
import { CHAIN, RUN_MS, runs, STEP_MS } from "./mixes.ts";

const BOUNDED = { timeout: 180_000 };

/** A chain of ranks as processes, flux-core's but for one, which is fluxbus's and in this process: events of its parent may not reach it. */
class LossyChain implements AsyncDisposable {
  readonly brokers: BrokerProcesses;
  readonly lossy: LossyRank;
  readonly handles: readonly Flux[];
  readonly #folder: TemporaryFolder;

  private constructor(
    folder: TemporaryFolder,
    brokers: BrokerProcesses,
    lossy: LossyRank,
    handles: readonly Flux[],
  ) {
    this.#folder = folder;
    this.brokers = brokers;
    this.lossy = lossy;
    this.handles = handles;
  }

  /** Starts as many ranks as there are letters: C for flux-core, F for fluxbus, L for the lossy one. */
  static async start(letters: string): Promise<LossyChain> {
    const folder = await TemporaryFolder.make();
    const brokers = await BrokerProcesses.configured(folder.path, {
      size: letters.length,
      topology: CHAIN,
      kind: (rank) => (letters[rank] === "C" ? "flux-core" : "fluxbus"),
      runMs: RUN_MS,
    });
    const ranks = [...letters].keys();
    for (const rank of ranks) if (letters[rank] !== "L") brokers.start(rank);
    try {
      const lossy = await LossyRank.start(folder.path, letters.indexOf("L"));
      const handles: Flux[] = [];
      for (const rank of [...letters].keys()) handles.push(await brokers.connect(rank));
      await Promise.all(handles.map(runs));
      return new LossyChain(folder, brokers, lossy, handles);
    } catch (error) {
      await brokers.kill();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The leaves first: who loses its parent would not end well.
    await this.brokers.kill();
    await Promise.all(this.handles.map((flux) => flux.close()));
    await this.lossy[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** `flux event sub` of flux-core, at one rank. */
class EventSub {
  readonly #process: CliProcess;

  private constructor(process: CliProcess) {
    this.#process = process;
  }

  /** Resolves when it gets events; those that tell so are under `PREFIXready`. */
  static async start(flux: Flux, prefix: string): Promise<EventSub> {
    const words = ["event", "sub", prefix];
    const sub = new EventSub(new CliProcess(words, { command: "flux", uri: flux.uri, runMs: RUN_MS }));
    const subscribed = async (): Promise<boolean> => {
      await flux.publish(`${prefix}ready`);
      return sub.#process.stdout !== "";
    };
    await until(subscribed, "flux event sub is there", STEP_MS);
    return sub;
  }

  /** Topics it has printed but for those of its start; when there are `count` of them. */
  async topics(count: number): Promise<string[]> {
    const all = (): string[] =>
      this.#process.stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => line.split("\t")[0]!)
        .filter((topic) => !topic.endsWith("ready"));
    await until(() => all().length >= count, `${count} events, not ${all().length}`, STEP_MS);
    return all();
  }

  async end(): Promise<void> {
    await this.#process.end("SIGKILL");
  }
}

/** Publishes so many events under a prefix from each rank at once: `PREFIXRANK.NUMBER`. */
async function publishAll(handles: readonly Flux[], prefix: string, each: number): Promise<void> {
  await Promise.all(
    handles.map(async (flux, rank) => {
      for (let n = 0; n < each; n++)
        await flux.publish(`${prefix}${rank}.${n}`, { n }, { timeoutMs: STEP_MS });
    }),
  );
}

/** Topics, and lost ranges in their places, of the next `count` of a replay. */
async function take(replay: Replay<Event | EventMark>, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const { value } = await within(replay.next(), `${count} events behind ${seen.at(-1)}`, STEP_MS);
    assert(value !== undefined);
    if (value.kind === "lost") seen.push(`lost ${value.lost.first}-${value.lost.last}`);
    else if (value.kind === "event" && !value.topic.endsWith("ready")) seen.push(value.topic);
  }
  return seen;
}

/** Loses one event in three, and now and then twenty in a row; never one whose number is divided by 50, for they tell of those before them. */
function weather(): (event: { readonly seq: number; readonly topic: string | undefined }) => boolean {
  let state = 1;
  let burst = 0;
  return ({ seq, topic }) => {
    if (topic?.startsWith("storm.") !== true || seq % 50 === 0) return false;
    state = (state * 48_271) % 0x7fffffff;
    if (state % 100 === 0) burst = 20;
    return burst-- > 0 || state % 3 === 0;
  };
}

async function dmesg(flux: Flux): Promise<string[]> {
  return (await runFlux(["dmesg"], { FLUX_URI: flux.uri })).split("\n");
}

test("flux-core below a fluxbus rank that loses events gets all of them", BOUNDED, async () => {
  await using chain = await LossyChain.start("FLCC");
  const { handles, lossy, brokers } = chain;
  const each = 300;
  const count = each * handles.length;
  const watchers = [2, 3].map((rank) => handles[rank]!.subscribe(""));
  await Promise.all(watchers.map(({ ready }) => ready));
  const printed = await Promise.all([2, 3].map((rank) => EventSub.start(handles[rank]!, "storm.")));
  lossy.lose = weather();
  await publishAll(handles, "storm.", each);
  lossy.lose = () => false;
  // Tells of what was lost at the end.
  await handles[0]!.publish("calm");
  await using replay = handles[0]!.subscribe("storm.", { since: "begin", marks: true });
  const order = await take(replay, count);
  for (const sub of printed) assert.deepEqual(await sub.topics(count), order);
  for (const watcher of watchers) {
    let last: number | undefined;
    for (let seen = 0; seen < count; ) {
      const { value } = await within(watcher.next(), `event behind ${last}`, STEP_MS);
      assert.equal(value!.seq, (last ?? value!.seq - 1) + 1, "each number once, none left out");
      last = value!.seq;
      if (value!.topic.startsWith("storm.") && value!.topic !== "storm.ready") seen++;
    }
  }
  assert(lossy.lost > count / 10, `${lossy.lost} were lost`);
  assert.deepEqual(
    lossy.said.filter((line) => line.includes("lost event")),
    [],
  );
  for (const rank of [2, 3]) {
    assert.equal(brokers.processes.get(rank)!.stderr, "");
    assert.deepEqual(
      (await dmesg(handles[rank]!)).filter((line) => /event|dup|lost/.test(line)),
      [],
    );
  }
  await Promise.all(printed.map((sub) => sub.end()));
});

describe("a fluxbus rank below flux-core", () => {
  let chain: LossyChain;
  before(async () => {
    chain = await LossyChain.start("CLC");
  });
  after(() => chain[Symbol.asyncDispose]());
  const lostLines = (): string[] => chain.lossy.said.filter((line) => line.includes("lost event"));

  test("says once what it can't have, and goes on at once", BOUNDED, async () => {
    const { handles, lossy, brokers } = chain;
    const [top, middle, leaf] = handles as [Flux, Flux, Flux];
    const logged = await dmesg(top);
    const subscriptions = [middle, leaf].map((flux) => flux.subscribe("gone."));
    await Promise.all(subscriptions.map(({ ready }) => ready));
    lossy.lose = ({ topic }) => /^gone\.[3-6]$/.test(topic ?? "");
    for (let n = 0; n < 10; n++) await top.publish(`gone.${n}`);
    for (const subscription of subscriptions) {
      for (const n of [0, 1, 2, 7, 8, 9]) {
        // Of a rank above that does not answer one would wait for 5000 ms.
        const { value } = await within(subscription.next(), `gone.${n}`, 4000);
        assert.equal(value!.topic, `gone.${n}`);
      }
    }
    assert.equal(lossy.lost, 4);
    assert.equal(lostLines().length, 1);
    assert.match(lostLines()[0]!, /lost events \d+-\d+: nobody has them any more$/);
    // What a rank logs as an error, rank 0 prints: both ranks that miss them do, each once.
    const printed = (): string[] => brokers.processes.get(0)!.stderr.split("\n").slice(0, -1);
    await until(() => printed().length >= 2, "both ranks say it", STEP_MS);
    assert.deepEqual(
      printed().map((line) => line.replace(/^.* (?=overlay)/, "")),
      ["overlay.err[1]: lost events 4-7: nobody has them any more", "overlay.err[2]: lost events 4-7"],
    );
    assert.equal(brokers.processes.get(2)!.stderr, "");
    const news = (await dmesg(top)).filter((line) => !logged.includes(line) && !line.includes("lost events"));
    assert.deepEqual(news, []);
    assert.equal(await runFlux(["overlay", "errors"], { FLUX_URI: top.uri }), "");
    const requests = lossy.asked.filter((topic) => topic.startsWith("event.") && topic !== "event.publish");
    assert.deepEqual(requests, ["event.stat"], "who does not know it is asked once");
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  });

  test("gets what was lost from the module event-log, and so does flux-core below it", BOUNDED, async () => {
    const { handles, lossy, brokers } = chain;
    const [top, middle, leaf] = handles as [Flux, Flux, Flux];
    lossy.lose = () => false;
    const { status, stderr } = await fluxbus(["module", "load", "event-log"], { uri: top.uri! });
    assert.deepEqual([status, stderr], [0, ""]);
    const { lost } = lossy;
    const said = [0, 2].map((rank) => brokers.processes.get(rank)!.stderr);
    const each = 200;
    const count = each * handles.length;
    const printed = await Promise.all([middle, leaf].map((flux) => EventSub.start(flux, "storm.")));
    lossy.lose = weather();
    await publishAll(handles, "storm.", each);
    lossy.lose = () => false;
    await top.publish("calm");
    const orders: string[][] = [];
    for (const flux of handles) {
      await using replay = flux.subscribe("storm.", { since: "begin", marks: true });
      orders.push(await take(replay, count));
    }
    for (const order of orders) assert.deepEqual(order, orders[0]);
    for (const sub of printed) assert.deepEqual(await sub.topics(count), orders[0]);
    assert(lossy.lost - lost > count / 10, `${lossy.lost - lost} were lost`);
    assert.equal(lostLines().length, 1, "that of before");
    assert.deepEqual(
      [0, 2].map((rank) => brokers.processes.get(rank)!.stderr),
      said,
    );
    const listed = await fluxbus(["event", "log", "--prefix=storm."], { uri: top.uri! });
    assert.deepEqual([listed.status, listed.stderr], [0, ""]);
    assert.equal((await fluxbus(["module", "remove", "event-log"], { uri: top.uri! })).status, 0);
    await Promise.all(printed.map((sub) => sub.end()));
  });
});
