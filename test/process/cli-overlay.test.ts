import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BOOT_MS, BrokerProcesses } from "../helpers/broker-processes.ts";
import { missed } from "../helpers/missed-rank.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { CliProcess, fluxbus, type Outcome } from "./cli-process.ts";

const FULL = `
0 fake0: full
├─ 1 fake1: full
│  ├─ 3 fake3: full
│  └─ 4 fake4: full
└─ 2 fake2: full
   ├─ 5 fake5: full
   └─ 6 fake6: full
`.trimStart();

/** Long enough for a broker that runs, not for one that is stopped. */
const SHORT = "--timeout=3s";

/** How long these brokers may live, in milliseconds. */
const RUN_MS = 300_000;

// The tests follow one another: what one does to the tree, the next finds.
describe("fluxbus overlay", () => {
  let folder: TemporaryFolder;
  let brokers: BrokerProcesses;
  before(async () => {
    folder = await TemporaryFolder.make();
    brokers = await BrokerProcesses.configured(folder.path, { size: 7, topology: "kary:2", runMs: RUN_MS });
    await brokers.startAll();
    assert.equal((await overlay("status", "--wait=full", "--timeout=15s", "--summary")).stdout, "full\n");
  });
  after(async () => {
    await brokers?.kill();
    await folder?.[Symbol.asyncDispose]();
  });

  /** Runs a command with patience, unless it says otherwise: the time it has by default is short for a machine with other work. */
  const overlay = (name: string, ...words: string[]): Promise<Outcome> => {
    const patience = ["status", "errors"].includes(name) ? ["--timeout=10s"] : [];
    return fluxbus(["overlay", name, ...patience, ...words], { uri: brokers.uri(0) });
  };
  const ended = (stdout: string, stderr = "", status = 0): Outcome => ({
    stdout,
    stderr,
    status,
    signal: null,
  });

  test("status draws the tree, or a part of it, or a word", async () => {
    const [all, part, lines, down, json, top] = await Promise.all([
      overlay("status"),
      overlay("status", "-r1", "-vv"),
      overlay("status", "--no-pretty", "-v", "-H5", "--highlight", "fake1"),
      overlay("status", "--down"),
      overlay("status", "--json", "--rank=2"),
      overlay("status", "--json", "--summary"),
    ]);
    assert.deepEqual(all, ended(FULL));
    const [line, trip] = [String.raw`full for [\d.]+[smh]+`, String.raw` \(\d+\.\d{3} ms\)`];
    assert.match(
      part.stdout,
      new RegExp(`^1 fake1: ${line}${trip}\n├─ 3 fake3: ${line}${trip}\n└─ 4 fake4: ${line}${trip}\n$`),
    );
    assert.deepEqual(
      lines.stdout.replaceAll(new RegExp(line, "g"), "full"),
      [
        "<<0 fake0>>: full\n<<1 fake1>>: full\n3 fake3: full\n4 fake4: full\n",
        "<<2 fake2>>: full\n<<5 fake5>>: full\n6 fake6: full\n",
      ].join(""),
    );
    assert.deepEqual(down, ended(""));
    const node = (rank: number, ...children: object[]): object => ({
      rank,
      host: `fake${rank}`,
      status: "full",
      duration: "number",
      children,
    });
    const types = (text: string): unknown =>
      JSON.parse(text, (key, value) => (key === "duration" ? typeof value : value));
    assert.deepEqual(types(json.stdout), node(2, node(5), node(6)));
    assert.deepEqual(types(top.stdout), node(0));
  });

  test("topology draws what is meant to be", async () => {
    const [all, part, json, colored] = await Promise.all([
      overlay("topology", "-H", "3"),
      overlay("topology", "-r2", "--no-pretty"),
      overlay("topology", "-r2", "--json"),
      overlay("topology", "-r2", "--color=always"),
    ]);
    assert.deepEqual(
      all,
      ended(FULL.replaceAll(": full", "").replaceAll(/[013] fake[013]/g, (name) => `<<${name}>>`)),
    );
    assert.deepEqual(part, ended("2 fake2\n5 fake5\n6 fake6\n"));
    assert.equal(
      json.stdout,
      '{"rank":2,"host":"fake2","size":3,"children":[' +
        '{"rank":5,"host":"fake5","size":1,"children":[]},{"rank":6,"host":"fake6","size":1,"children":[]}]}\n',
    );
    assert.equal(colored.stdout, "2 fake2\n\u001b[2m├─ \u001b[22m5 fake5\n\u001b[2m└─ \u001b[22m6 fake6\n");
  });

  test("lookup, parentof and errors of a tree without any", async () => {
    const [hosts, ranks, both, parent, json, errors] = await Promise.all([
      overlay("lookup", "0,2-4"),
      overlay("lookup", "fake[2-3]"),
      overlay("lookup", "--json", "fake2"),
      overlay("parentof", "6"),
      overlay("parentof", "--json", "3"),
      overlay("errors"),
    ]);
    assert.deepEqual(hosts, ended("fake[0,2-4]\n"));
    assert.deepEqual(ranks, ended("2-3\n"));
    assert.deepEqual(both, ended('{"ranks":"2","hosts":"fake2"}\n'));
    assert.deepEqual(parent, ended("2\n"));
    assert.deepEqual(json, ended('{"rank":3,"parent":1}\n'));
    assert.deepEqual(errors, ended(""));
  });

  test("what makes no sense is said in a line", async () => {
    const cases: [[string, ...string[]], number, string][] = [
      [["status", "--rank=99"], 2, "99 is not a valid rank in this instance"],
      [["status", "-H0-16"], 2, "--highlight: ranks 7-16 not in set 0-6"],
      [["status", "-Hfake16"], 2, "--highlight: fake16: host fake16 not found in host map"],
      [["topology", "-r7"], 2, "7 is not a valid rank in this instance"],
      [["lookup", "100"], 1, "rank 100 is not in host map"],
      [["lookup", "fake2["], 1, "target must be a valid idset or hostlist"],
      [["parentof", "0"], 2, "0 has no parent"],
      [["parentof", "42"], 2, "42 is not a valid rank in this instance"],
      [["disconnect", "42"], 2, "42 is not a valid rank in this instance"],
      [["disconnect", "42xxx"], 2, "TARGET must be a valid rank or hostname"],
      [["trace", "-d"], 2, "--delta can only be used with --human"],
      [["status", "--wait=partial", SHORT], 124, "overlay.health: partial not reached within 3000 ms"],
    ];
    await Promise.all(
      cases.map(async ([[name, ...words], status, text]) => {
        const expected = ended("", `fluxbus overlay ${name}: ${text}\n`, status);
        assert.deepEqual(await overlay(name, ...words), expected);
      }),
    );
    for (const words of [
      [],
      ["nope"],
      ["status", "-Lfoo"],
      ["status", "--wait=foo"],
      ["status", "-vx"],
      ["lookup"],
      ["trace", "-t", "foo,bar"],
      ["trace", "x", "y"],
    ])
      assert.equal(
        (await fluxbus(["overlay", ...words], { uri: brokers.uri(0) })).status,
        2,
        words.join(" "),
      );
  });

  test("trace prints what goes between neighbours", async () => {
    const trace = (rank: number, ...words: string[]): CliProcess =>
      new CliProcess(["overlay", "trace", ...words], { uri: brokers.uri(rank) });
    const traces = [
      trace(0, "-f", "-trequest,response", "broker.ping"),
      trace(1, "--rank=4", "--json", "-t", "request", "broker.ping"),
    ];
    await using leader = await brokers.connect(0);
    await using router = await brokers.connect(1);
    // Pings go on until both traces have begun, maybe between a request and its response; the last ones are traced whole.
    const ping = async (flux: typeof leader, seq: number): Promise<void> => {
      await flux.rpc("broker.ping", { seq }, { nodeid: 4, timeoutMs: BOOT_MS });
    };
    while (!traces.every((one) => one.stdout !== "" || one.ended)) await ping(leader, 6);
    for (const flux of [leader, router]) await ping(flux, 7);
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}`;
    const request = `${time} tx 1 > broker.ping \\[10\\]\n\\{\n  "seq": 7\n\\}\n`;
    const response = `${time} rx 1 < broker.ping \\[\\d+\\] success\n\\{\n  "seq": 7,[^}]*\\}\n`;
    const whole = new RegExp(`^${request}${response}$`, "m");
    await traces[0]!.wrote(whole);
    const [first, second] = await Promise.all(traces.map((one) => one.end("SIGINT")));
    assert.match(first!.stdout, whole);
    for (const line of second!.stdout.trim().split("\n")) {
      const { prefix, rank, type, topic } = JSON.parse(line);
      assert.deepEqual(
        { prefix, rank, type, topic },
        { prefix: "tx", rank: 4, type: 1, topic: "broker.ping" },
      );
    }
  });

  test("a leaf that was killed is lost, and its parent and all above are degraded", async () => {
    const waiting = new CliProcess(["overlay", "status", "--wait=degraded", "-t0", "--down"], {
      uri: brokers.uri(0),
    });
    brokers.processes.get(3)!.child.kill("SIGKILL");
    await brokers.processes.get(3)!.outcome;
    await missed(brokers, 3);
    const ping = await fluxbus(["ping", "-c1", "fake3"], { uri: brokers.uri(0) });
    assert.equal(ping.stderr, "fluxbus ping: fake3!broker.ping: No route to host\n");
    assert.deepEqual(
      await waiting.outcome,
      ended("0 fake0: degraded\n└─ 1 fake1: degraded\n   └─ 3 fake3: lost lost connection\n"),
    );
    const [errors, root, lines] = await Promise.all([
      overlay("errors"),
      overlay("status", "--summary", "--color"),
      overlay("status", "--no-pretty", "-r1", "-L"),
    ]);
    assert.deepEqual(errors, ended("fake3: lost connection\n"));
    assert.deepEqual(root, ended("degraded\n"));
    assert.deepEqual(
      lines,
      ended("1 fake1: degraded\n3 fake3: \u001b[31mlost\u001b[39m lost connection\n4 fake4: full\n"),
    );
  });

  test("a broker that stands still is named, and what is behind it presumed", async () => {
    const still = brokers.processes.get(2)!.child;
    still.kill("SIGSTOP");
    const [status, noGhost, json, errors, errorsJson, itself] = await Promise.all([
      overlay("status", SHORT),
      overlay("status", "--no-ghost", "-L", SHORT),
      overlay("status", "--json", SHORT),
      overlay("errors", SHORT),
      overlay("errors", "--json", SHORT),
      overlay("status", "--rank=2", "--timeout=100ms"),
    ]);
    still.kill("SIGCONT");
    const above =
      "0 fake0: degraded\n├─ 1 fake1: degraded\n│  ├─ 3 fake3: lost lost connection\n│  └─ 4 fake4: full\n";
    assert.deepEqual(
      status,
      ended(`${above}└─ 2 fake2: Connection timed out\n   ├─ 5 fake5: full\n   └─ 6 fake6: full\n`),
    );
    assert.match(noGhost.stdout, /2 fake2: \S+Connection timed out\S+\n$/);
    const [, two] = JSON.parse(json.stdout).children;
    assert.deepEqual([two.status, two.failure], ["full", "Connection timed out"]);
    assert.deepEqual(two.children[0], { rank: 5, host: "fake5", status: "full", ghost: true, children: [] });
    assert.deepEqual(
      errors,
      ended("fake2: Connection timed out\nfake3: lost connection\nfake[5-6]: lost parent\n"),
    );
    assert.deepEqual(errorsJson.stdout.split("\n").slice(1, 3), [
      '{"ranks":"3","hosts":"fake3","error":"lost connection"}',
      '{"ranks":"5-6","hosts":"fake[5-6]","error":"lost parent"}',
    ]);
    assert.equal(itself.status, 124);
    assert.equal((await overlay("status", "-r2", "--summary", "--timeout=0")).stdout, "full\n");
  });

  test("disconnect drops a subtree: its brokers end, and are lost", async () => {
    const said = "fluxbus overlay disconnect: asking fake0 (rank 0) to disconnect child fake2 (rank 2)\n";
    assert.deepEqual(await overlay("disconnect", "fake2"), ended("", said));
    const outcomes = await Promise.all([2, 5, 6].map((rank) => brokers.processes.get(rank)!.outcome));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      [1, 0, 0],
    );
    const [again, wrong, status, ghosts, errors] = await Promise.all([
      overlay("disconnect", "2"),
      overlay("disconnect", "--parent=1", "2"),
      overlay("status", "--no-pretty"),
      overlay("status", "--no-pretty", "--no-ghost"),
      overlay("errors"),
    ]);
    assert.deepEqual(
      again,
      ended("", `${said}fluxbus overlay disconnect: overlay.disconnect-subtree: rank 2 is already lost\n`, 1),
    );
    assert.match(
      wrong.stderr,
      /asking fake1 \(rank 1\) .*\n.*requested rank is not this broker's direct child\n$/,
    );
    const seen =
      "0 fake0: degraded\n1 fake1: degraded\n3 fake3: lost lost connection\n4 fake4: full\n2 fake2: lost administrative disconnect\n";
    assert.deepEqual(status, ended(`${seen}5 fake5: lost\n6 fake6: lost\n`));
    assert.deepEqual(ghosts, ended(seen));
    assert.deepEqual(
      errors,
      ended("fake2: administrative disconnect\nfake3: lost connection\nfake[5-6]: lost parent\n"),
    );
  });

  test("who was shut down is offline; ranks above 0 can be asked for it all", async () => {
    assert.equal((await brokers.processes.get(4)!.end("SIGTERM")).status, 0);
    const waited = await fluxbus(["overlay", "status", "-r1", "-t10", "--no-pretty"], {
      uri: brokers.uri(1),
    });
    assert.deepEqual(
      waited,
      ended("1 fake1: degraded\n3 fake3: lost lost connection\n4 fake4: offline administrative shutdown\n"),
    );
    const errors = await fluxbus(["overlay", "errors", "-t10"], { uri: brokers.uri(1) });
    assert.match(errors.stdout, /^fake4: administrative shutdown$/m);
  });
});
