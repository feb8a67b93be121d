import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type BrokerKind, BrokerProcesses } from "../helpers/broker-processes.ts";
import { missed } from "../helpers/missed-rank.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { CliProcess, fluxbus, type Outcome } from "../process/cli-process.ts";

/** How long these brokers may live, in milliseconds. */
const RUN_MS = 300_000;

/** Times and round trips, which are never the same twice. */
const TIMES = / for [\d.]+(?:ms|[smhd])| \(\d+\.\d{3} ms\)|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} /gm;

/** What is printed on stdout, without times, and whether that is all. */
function result({ stdout, status }: Outcome): { text: string; done: boolean } {
  return { text: stdout.replaceAll(TIMES, ""), done: status === 0 };
}

for (const kind of ["flux-core", "fluxbus"] satisfies BrokerKind[]) {
  // The tests follow one another: what one does to the tree, the next finds.
  describe(`flux overlay and fluxbus overlay, of an instance of ${kind}`, () => {
    let folder: TemporaryFolder;
    let brokers: BrokerProcesses;
    before(async () => {
      folder = await TemporaryFolder.make();
      brokers = await BrokerProcesses.configured(folder.path, {
        size: 7,
        topology: "kary:2",
        kind: () => kind,
        runMs: RUN_MS,
      });
      await brokers.startAll();
      assert.equal((await ours("status", "--wait=full", "--summary", "-t15s")).stdout, "full\n");
    });
    after(async () => {
      await brokers?.kill();
      await folder?.[Symbol.asyncDispose]();
    });

    const ours = (...words: string[]): Promise<Outcome> =>
      fluxbus(["overlay", ...words], { uri: brokers.uri(0) });
    const theirs = (...words: string[]): Promise<Outcome> =>
      new CliProcess(["overlay", ...words], { uri: brokers.uri(0), command: "flux" }).outcome;

    /** Runs both with the same words and returns what both printed. */
    async function both(...words: string[]): Promise<string> {
      const [one, other] = await Promise.all([ours(...words), theirs(...words)]);
      assert.deepEqual(
        result(one),
        result(other),
        `overlay ${words.join(" ")}\n${one.stderr}${other.stderr}`,
      );
      return result(one).text;
    }

    test("of a full tree they say the same", async () => {
      assert.match(await both("status", "-t0"), /^0 fake0: full\n├─ 1 fake1: full\n│ {2}├─ 3 fake3: full\n/);
      for (const words of ["-vv", "--summary", "--summary -vv", "--down", "-r2", "--no-pretty -H5"])
        await both("status", "-t0", ...words.split(" "));
      await both("status", "--highlight=fake[3,6]", "-t0");
      assert.equal(await both("errors", "-t0"), "");
    });

    test("they agree on who is where, and on what makes no sense", async () => {
      for (const target of ["0-6", "fake[2-3,5]", "100", "fake2[", "foo"]) await both("lookup", target);
      for (const rank of ["0", "5", "7"]) await both("parentof", rank);
      for (const words of [["-r99"], ["--wait=foo"], ["-H0-16"], ["-Hfake16"]])
        await both("status", ...words);
      for (const words of [["42"], ["42xxx"], ["0"]]) await both("disconnect", ...words);
      assert.equal(
        (await ours("topology")).stdout,
        (await theirs("status", "-t0")).stdout.replaceAll(": full", ""),
      );
    });

    test("they trace the same messages", async () => {
      const words = ["overlay", "trace", "-f", "-t", "request,response", "broker.ping"];
      const traces = [
        new CliProcess(words, { uri: brokers.uri(0) }),
        new CliProcess(words, { uri: brokers.uri(0), command: "flux" }),
      ];
      await using leader = await brokers.connect(0);
      while (!traces.every(({ stdout, ended }) => stdout !== "" || ended))
        await leader.rpc("broker.ping", { seq: 1 }, { nodeid: 5 });
      await leader.rpc("broker.ping", { last: true }, { nodeid: 5 });
      await Promise.all(traces.map((trace) => trace.wrote(/"last": true,[^}]*\}\n$/)));
      const [one, other] = await Promise.all(traces.map((trace) => trace.end("SIGTERM")));
      const since = (text: string): string =>
        text.replaceAll(TIMES, "").slice(text.replaceAll(TIMES, "").lastIndexOf("tx 2 >"));
      assert.match(
        since(one!.stdout),
        /^tx 2 > broker\.ping \[14\]\n\{\n {2}"last": true\n\}\nrx 2 < broker\.ping \[\d+\] success\n/,
      );
      assert.equal(since(one!.stdout), since(other!.stdout));
    });

    test("of a leaf that was killed and a router that stands still they say the same", async () => {
      brokers.processes.get(3)!.child.kill("SIGKILL");
      await brokers.processes.get(3)!.outcome;
      await missed(brokers, 3);
      assert.equal(await both("status", "--wait=degraded", "--summary", "-t10s"), "degraded\n");
      for (const words of ["--no-pretty", "-vv", "-r1", "--no-ghost"])
        await both("status", "-t0", ...words.split(" "));
      // Lines of ours end where nothing more is shown: the root has one child here.
      const down = await Promise.all([ours("status", "--down", "-t0"), theirs("status", "--down", "-t0")]);
      const words = down.map(({ stdout }) => stdout.replaceAll(/[│├└─]/g, " "));
      assert.equal(words[0], words[1]);
      assert.equal(await both("errors", "-t0"), "fake3: lost connection\n");
      const still = brokers.processes.get(2)!.child;
      still.kill("SIGSTOP");
      const status = await both("status", "-t2s");
      const errors = await Promise.all([ours("errors", "-t2s"), theirs("errors", "-t2s")]);
      still.kill("SIGCONT");
      assert.match(status, /└─ 2 fake2: Connection timed out\n {3}├─ 5 fake5: full\n/);
      const [one, other] = errors.map(({ stdout }) => stdout.split("\n").sort());
      assert.deepEqual(one, other, "in whatever order");
    });

    test("of who was shut down and who was disconnected they say the same", async () => {
      assert.equal((await brokers.processes.get(4)!.end("SIGTERM")).status, 0);
      const [words, name] = [
        ["overlay", "disconnect", "fake2"],
        "asking fake0 (rank 0) to disconnect child fake2 (rank 2)",
      ];
      const options = { uri: brokers.uri(0), ...(kind === "fluxbus" && { command: "flux" }) };
      const { stderr, status } = await new CliProcess(words, options).outcome;
      assert.deepEqual([stderr.replace(/^.*?: /, ""), status], [`${name}\n`, 0]);
      await Promise.all([2, 5, 6].map((rank) => brokers.processes.get(rank)!.outcome));
      assert.equal(
        await both("status", "-t0"),
        `0 fake0: degraded
├─ 1 fake1: degraded
│  ├─ 3 fake3: lost lost connection
│  └─ 4 fake4: offline administrative shutdown
└─ 2 fake2: lost administrative disconnect
   ├─ 5 fake5: lost
   └─ 6 fake6: lost
`,
      );
      await both("status", "-t0", "--no-ghost");
      await both("disconnect", "2");
      const [one, other] = (await Promise.all([ours("errors", "-t0"), theirs("errors", "-t0")])).map(
        ({ stdout }) => stdout.split("\n").sort(),
      );
      assert.deepEqual(one, other);
    });
  });
}
