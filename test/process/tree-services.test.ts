import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import { BOOT_MS, BrokerProcesses } from "../helpers/broker-processes.ts";
import { missed } from "../helpers/missed-rank.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, fluxbus, type Outcome, type RunOptions } from "./cli-process.ts";

const COUNTER = join(import.meta.dirname, "../../examples/module/counter.mjs");

/** How long these brokers may live, in milliseconds. */
const RUN_MS = 300_000;
const SIZE = 4;
const BOUNDED = { timeoutMs: BOOT_MS };

// A chain: 0 - 1 - 2 - 3. The tests follow one another, the last one breaks it.
describe("services of ranks above 0", () => {
  let folder: TemporaryFolder;
  let brokers: BrokerProcesses;
  let handles: Flux[];
  before(async () => {
    folder = await TemporaryFolder.make();
    brokers = await BrokerProcesses.configured(folder.path, {
      size: SIZE,
      topology: "kary:1",
      runMs: RUN_MS,
    });
    await brokers.startAll();
    handles = await Promise.all([0, 1, 2, 3].map((rank) => brokers.connect(rank)));
    await handles[3]!.rpc("state-machine.wait", {}, BOUNDED);
  });
  after(async () => {
    await Promise.all((handles ?? []).map((flux) => flux.close()));
    await brokers?.kill();
    await folder?.[Symbol.asyncDispose]();
  });

  const run = (rank: number, words: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    fluxbus(words, { uri: brokers.uri(rank), ...options });
  const ended = (stdout: string, stderr = "", status = 0): Outcome => ({
    stdout,
    stderr,
    status,
    signal: null,
  });
  const sorted = (text: string): string[] => text.trimEnd().split("\n").sort();

  test("what is severe is said at rank 0 with its rank; it all stands in the log where it was logged", async () => {
    for (const [rank, severity] of [
      [2, "crit"],
      [3, "err"],
      [1, "warning"],
      [2, "info"],
    ] as const) {
      const words = ["logger", `--severity=${severity}`, "--appname=tree", `from ${rank}`];
      assert.deepEqual(await run(rank, words), ended(""));
    }
    // Rank 0 says it, and keeps in its log what was logged there.
    const leader = brokers.processes.get(0)!;
    await until(() => leader.stderr.split("\n").length > 2, "both records are at rank 0", BOOT_MS);
    const said = leader.stderr.replaceAll(/^\w+ \d+ \S+ UTC \d+ /gm, "");
    assert.equal(said, "tree.crit[2]: from 2\ntree.err[3]: from 3\n");
    const of = async (rank: number): Promise<string[]> =>
      (await run(rank, ["dmesg"])).stdout.split("\n").flatMap((line) => / (tree\..*)/.exec(line)?.[1] ?? []);
    const kept = await Promise.all([0, 1, 2].map(of));
    assert.deepEqual(kept, [
      [],
      ["tree.warning[1]: from 1"],
      ["tree.crit[2]: from 2", "tree.info[2]: from 2"],
    ]);
    const remote = await run(0, ["rpc", "--stream", "--nodeid=3", "log.dmesg", '{"follow":false}']);
    assert.match(remote.stdout, /^<24>1 \S+ 3 tree \d+ - - from 3$/m);
  });

  test("rank 0 hears who joins and leaves a group, whoever asks", async () => {
    const seen: unknown[] = [];
    const groups = handles[0]!.stream("groups.get", { name: "here" });
    const reading = (async () => {
      for await (const { members } of groups) {
        seen.push(members);
        if (seen.length > 1 && members === "") break;
      }
    })();
    await handles[2]!.rpc("groups.join", { name: "here" });
    await until(() => seen.at(-1) === "2", "rank 2 is in", BOOT_MS);
    await assert.rejects(handles[2]!.rpc("groups.join", { name: "here" }), { code: "EEXIST" });
    await using passing = await brokers.connect(3);
    await passing.rpc("groups.join", { name: "here" });
    await until(() => seen.at(-1) === "2-3", "rank 3 is in", BOOT_MS);
    // Its client goes, and with it its membership.
    await passing.close();
    await until(() => seen.at(-1) === "2", "rank 3 is out", BOOT_MS);
    await handles[2]!.rpc("groups.leave", { name: "here" });
    await reading;
    assert.deepEqual(seen, ["", "2", "2-3", "2", ""]);
  });

  test("the configuration of rank 0 is that of all", async () => {
    const input = '[tree]\nname = "chain"\nsize = 4\n';
    assert.deepEqual(await run(0, ["config", "load"], { input }), ended(""));
    for (const rank of [1, 3]) {
      await until(
        async () => (await run(rank, ["config", "get", "tree.size"])).stdout === "4\n",
        `rank ${rank} has it`,
        BOOT_MS,
      );
    }
    assert.deepEqual(await run(0, ["config", "set", "tree.size", "5"]), ended(""));
    await until(
      async () => (await run(3, ["config", "get"])).stdout === '{"tree":{"name":"chain","size":5}}\n',
      "rank 3 has the change",
      BOOT_MS,
    );
  });

  test("an event of any rank has the number it was given, and the same on all", async () => {
    const subscriptions = await Promise.all(
      handles.map(async (flux) => {
        const subscription = flux.subscribe("tree.");
        await subscription.ready;
        return subscription;
      }),
    );
    const numbers: number[] = [];
    for (let i = 0; i < 3 * SIZE; i++)
      numbers.push((await handles[i % SIZE]!.publish(`tree.${i}`, { i })).seq);
    const { stdout } = await run(3, ["event", "pub", "-s", "--json", "tree.last"]);
    const { seq } = JSON.parse(stdout);
    numbers.push(seq);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => numbers[0]! + i),
    );
    for (const subscription of subscriptions) {
      const seen: number[] = [];
      for await (const event of subscription) {
        seen.push(event.seq);
        if (event.topic === "tree.last") break;
      }
      assert.deepEqual(seen, numbers);
    }
  });

  test("states are told to who follows them, on any rank", async () => {
    for (const flux of handles) {
      const answers: unknown[] = [];
      for await (const { state } of flux.stream("state-machine.monitor", { final: 5 }, BOUNDED))
        answers.push(state);
      assert.deepEqual(answers, [5], `rank ${await flux.rank()}`);
      assert.equal((await flux.rpc("state-machine.get"))["state"], "run");
    }
  });

  test("ping reaches ranks, hosts, any and upstream, from anywhere", async () => {
    const answers = async (from: number, ...words: string[]): Promise<number> => {
      const { stdout, stderr } = await run(from, ["ping", "--json", "-c1", ...words]);
      assert.equal(stderr, "");
      return JSON.parse(stdout).rank;
    };
    const cases: [number, string[], number][] = [
      [0, ["3"], 3],
      [3, ["0"], 0],
      [3, ["fake1"], 1],
      [1, ["2!overlay"], 2],
      [2, ["any!broker"], 2],
      [2, ["upstream!broker"], 1],
      [1, ["--rank=upstream", "groups"], 0],
      [2, ["fake2!groups"], 2],
    ];
    await Promise.all(
      cases.map(async ([from, words, rank]) =>
        assert.equal(await answers(from, ...words), rank, words.join(" ")),
      ),
    );
    const [above, beyond] = await Promise.all([
      run(0, ["ping", "-c1", "upstream"]),
      run(2, ["ping", "-c1", "4"]),
    ]);
    assert.deepEqual(
      [above.status, above.stderr],
      [1, "fluxbus ping: upstream!broker.ping: No route to host\n"],
    );
    assert.deepEqual(
      [beyond.status, beyond.stderr],
      [1, "fluxbus ping: 4!broker.ping: No route to host: the instance has no rank 4, its size is 4\n"],
    );
  });

  test("exec runs on all ranks, on some, or on all but some", async () => {
    const print = ["sh", "-c", 'echo "$FLUX_URI"'];
    const lines = (...ranks: number[]): string[] => ranks.map((rank) => `${rank}: ${brokers.uri(rank)}`);
    const [all, some, but, there] = await Promise.all([
      run(0, ["exec", "-l", ...print]),
      run(3, ["exec", "-l", "-r", "0-3", ...print]),
      run(1, ["exec", "-l", "-r", "all", "-x", "0,2", ...print]),
      run(0, ["exec", "-r", "3", process.execPath, "-p", "process.env.FLUX_URI"]),
    ]);
    assert.deepEqual(sorted(all.stdout), lines(0, 1, 2, 3));
    assert.deepEqual(sorted(some.stdout), lines(0, 1, 2, 3));
    assert.deepEqual(sorted(but.stdout), lines(1, 3));
    assert.deepEqual(there, ended(`${brokers.uri(3)}\n`));
  });

  test("exec sends input to all, and exits with the largest status", async () => {
    const input = "x".repeat(300_000);
    const status = 'case "$FLUX_URI" in *-2) exit 7;; *-3) exit 5;; *-0) kill -9 $$;; esac';
    const [counted, statuses, missing] = await Promise.all([
      run(2, ["exec", "-l", "wc", "-c"], { input }),
      run(3, ["exec", "-x0", "sh", "-c", status]),
      run(0, ["exec", "-r1,3", "./no-such-command"]),
    ]);
    assert.deepEqual(
      sorted(counted.stdout),
      [0, 1, 2, 3].map((rank) => `${rank}: 300000`),
    );
    assert.deepEqual([statuses.status, sorted(statuses.stderr)], [7, ["2: Exit 7", "3: Exit 5"]]);
    const error = (rank: number): string =>
      `fluxbus exec: Error: rank ${rank}: ./no-such-command: error launching process: No such file or directory`;
    assert.deepEqual([missing.status, sorted(missing.stderr)], [127, [error(1), error(3)]]);
  });

  test("modules are loaded on a rank above 0, by its own socket or by exec", async () => {
    assert.deepEqual(await run(2, ["module", "load", "--name=c", COUNTER, "from=5"]), ended(""));
    assert.match((await run(2, ["module", "list"])).stdout, /^c +0 +R /m);
    assert.doesNotMatch((await run(1, ["module", "list"])).stdout, /^c /m);
    // From below the request finds it on its way up; from above by its rank only.
    assert.deepEqual(await handles[3]!.rpc("c.next"), { count: 6 });
    assert.deepEqual(await handles[0]!.rpc("c.next", {}, { nodeid: 2 }), { count: 7 });
    await assert.rejects(handles[1]!.rpc("c.next"), { code: "ENOSYS" });
    const { mods } = await handles[0]!.rpc("module.list", {}, { nodeid: 2 });
    assert.match(JSON.stringify(mods), /"name":"c"/);
    assert.deepEqual(await run(2, ["module", "remove", "c"]), ended(""));
    await assert.rejects(handles[3]!.rpc("c.next"), { code: "ENOSYS" });
  });

  test("a rank lost in the middle ends what ran on it and beyond: exec says so and exits with 68", async () => {
    // It ends with its broker, however that ends.
    const script = "echo up; while kill -0 $PPID 2>/dev/null; do sleep 0.2; done";
    const words = ["exec", "-nl", "-r0-3", "sh", "-c", script];
    const running = new CliProcess(words, { uri: brokers.uri(0) });
    await until(() => running.stdout.split("\n").length > SIZE || running.ended, "all are up", BOOT_MS);
    const lost = brokers.processes.get(2)!;
    lost.child.kill("SIGKILL");
    await lost.outcome;
    await missed(brokers, 2);
    const error = (rank: number): string => `fluxbus exec: Error: rank ${rank}: sh: No route to host`;
    await until(() => running.stderr.split("\n").length > 2 || running.ended, "two are gone", BOOT_MS);
    assert.deepEqual(sorted(running.stderr), [error(2), error(3)]);
    // The others go on, until they are told to end.
    assert.equal(running.ended, false);
    const { status, stderr } = await running.end("SIGTERM");
    assert.deepEqual([status, sorted(stderr).slice(0, 1)], [143, ["[0-1]: Terminated"]]);
    const late = await run(0, ["exec", "-r0-2", "true"]);
    assert.deepEqual(late, ended("", "fluxbus exec: Error: rank 2: true: No route to host\n", 68));
  });
});
