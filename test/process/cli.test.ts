import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { decodeUtf8 } from "../../src/base/index.ts";
import type { Flux } from "../../src/client/index.ts";
import { TestInstance } from "../../src/testing/index.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, fluxbus, type Outcome, type RunOptions } from "./cli-process.ts";

const VERSION = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")).version;

describe("fluxbus, the client commands", () => {
  let instance: TestInstance;
  let flux: Flux;
  before(async () => {
    instance = await TestInstance.start({ logLevel: "info" });
    flux = await instance.connect();
    await flux.serve("calc", {
      add: ({ a, b }) => ({ sum: Number(a) + Number(b) }),
      async *count({ to }) {
        for (let i = 0; i < Number(to); i++) yield { i };
      },
      half: (call) => ({ half: Number(call["of"]) / 2 }),
      never: () => new Promise<never>(() => {}),
      echo: { request: (request) => request.respondRaw(request.payload ?? new Uint8Array(0)) },
      fail: {
        request: (request) => request.respondError("EINVAL", "no such operand"),
      },
    });
  });
  after(() => instance.stop());

  const run = (words: readonly string[], options: RunOptions = {}) =>
    fluxbus(words, { uri: instance.uri, ...options });
  const ok = async (words: readonly string[], options: RunOptions = {}): Promise<string> => {
    const { stdout, stderr, status } = await run(words, options);
    assert.deepEqual({ stderr, status }, { stderr: "", status: 0 }, words.join(" "));
    return stdout;
  };

  test("getattr prints a value, or says what is not there", async () => {
    const [text, json, missing, machine] = await Promise.all([
      ok(["getattr", "rank"]),
      ok(["getattr", "--json", "local-uri"]),
      run(["getattr", "nope"]),
      run(["getattr", "--json", "nope"]),
    ]);
    assert.equal(text, "0\n");
    assert.deepEqual(JSON.parse(json), { name: "local-uri", value: instance.uri });
    assert.deepEqual(missing, failed("fluxbus getattr: nope: No such file or directory\n"));
    assert.deepEqual(JSON.parse(machine.stderr), {
      command: "fluxbus getattr",
      subject: "nope",
      errno: 2,
      code: "ENOENT",
      message: "No such file or directory",
    });
  });

  test("setattr sets where it may, and lsattr shows it", async () => {
    await ok(["setattr", "test.x", "some value"]);
    const [refused, forced, unknown, names, values, json] = await Promise.all([
      run(["setattr", "rank", "3"]),
      run(["setattr", "-f", "rank", "3"]),
      run(["setattr", "nope", "3"]),
      ok(["lsattr"]),
      ok(["lsattr", "-v"]),
      ok(["lsattr", "--json"]),
    ]);
    assert.deepEqual(refused, failed("fluxbus setattr: rank: attribute may not be updated\n"));
    assert.deepEqual(forced, failed("fluxbus setattr: rank: Operation not permitted\n"));
    assert.deepEqual(unknown, failed("fluxbus setattr: nope: unknown attribute\n"));
    assert.deepEqual(names.trimEnd().split("\n"), await flux.attributes.list());
    assert.match(values, /^test\.x {34}some value$/m);
    assert.equal(JSON.parse(json)["test.x"], "some value");
  });

  test("ping prints a line a round trip", async () => {
    const [plain, who, json, service, rank, upstream, host] = await Promise.all([
      ok(["ping", "-c", "2", "-i", "1ms", "-p", "7", "broker"]),
      ok(["ping", "-uc1", "-b", "0"]),
      ok(["ping", "--json", "--count=1", "0!broker"]),
      run(["ping", "-c1", "nope"]),
      run(["ping", "-c1", "--rank=5", "broker"]),
      run(["ping", "-c1", "upstream"]),
      run(["ping", "-c1", "nohost!broker"]),
    ]);
    const time = String.raw`time=\d+\.\d{3} ms \([0-9a-f!]+\)`;
    assert.match(
      plain,
      new RegExp(
        `^fluxbus ping any!broker\n0!broker\\.ping pad=7 seq=0 ${time}\n0!broker\\.ping pad=7 seq=1 ${time}\n$`,
      ),
    );
    assert.match(
      who,
      new RegExp(`\n0!broker\\.ping pad=0 userid=${process.getuid?.()} rolemask=0x5 seq=0 ${time}\n$`),
    );
    const { ms, route, ...rest } = JSON.parse(json);
    assert(ms > 0 && route !== "");
    assert.deepEqual(rest, {
      rank: 0,
      service: "broker",
      seq: 0,
      pad: 0,
      userid: process.getuid?.(),
      rolemask: 5,
    });
    assert.deepEqual(
      [service.stderr, service.status],
      ["fluxbus ping: nope.ping: No service matching nope.ping is registered\n", 1],
    );
    assert.deepEqual(
      [rank.stderr, rank.status],
      ["fluxbus ping: 5!broker.ping: No route to host: the instance has no rank 5, its size is 1\n", 1],
    );
    assert.deepEqual(
      [upstream.stderr, upstream.status],
      ["fluxbus ping: upstream!broker.ping: No route to host\n", 1],
    );
    assert.deepEqual([host.stderr, host.status], ["fluxbus ping: invalid nodeid/host: 'nohost'\n", 2]);
  });

  test("event pub publishes as the C tool does", async () => {
    const events = flux.subscribe("pub.");
    await events.ready;
    const seq = await ok(["event", "pub", "-s", "pub.a"]);
    await ok(["event", "pub", "pub.b", "two", "words"]);
    await ok(["event", "pub", "-r", "-l", "-p", "pub.c", '{"a":1}']);
    const json = JSON.parse(await ok(["event", "pub", "--json", "pub.d", ""]));
    const seen: [topic: string, payload: string | undefined, isPrivate: boolean][] = [];
    for await (const { topic, payload, private: isPrivate } of events) {
      seen.push([topic, payload && decodeUtf8(payload), isPrivate]);
      if (seen.length === 4) break;
    }
    assert.match(seq, /^seq=\d+\n$/);
    assert.deepEqual(seen, [
      ["pub.a", undefined, false],
      ["pub.b", "two words\0", false],
      ["pub.c", '{"a":1}', true],
      ["pub.d", "\0", false],
    ]);
    assert.deepEqual(json, { topic: "pub.d", seq: Number(seq.slice(4)) + 3 });
  });

  test("event pub -s fails when the event is refused", async () => {
    const { status, stderr, stdout } = await run(["event", "pub", "-s", "x"], {
      env: { FLUX_HANDLE_ROLEMASK: "0x10" },
    });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /^fluxbus event pub: x: \S/);
  });

  test("event sub prints topics and payloads in order, and each event once", async () => {
    const sub = ["event", "sub", "-v", "--count=4"];
    const text = new CliProcess([...sub, "s.", "s.b", "t"], { uri: instance.uri });
    const json = new CliProcess([...sub, "--json"], { uri: instance.uri });
    const raw = new CliProcess([...sub, "--raw", "s.", "t."], { uri: instance.uri });
    const all = [text, json, raw];
    for (const sub of all) await until(() => sub.stderr !== "" || sub.ended, "subscribed", 10_000);
    const { seq } = await flux.publish("s.a", { n: 1, list: [1] });
    await flux.publish("t.x", "plain");
    await flux.publishRaw("s.b", Uint8Array.of(0xff, 0));
    await flux.publish("s.c", undefined, { private: true });
    const [textOutcome, jsonOutcome, rawOutcome] = await Promise.all(all.map(({ outcome }) => outcome));
    for (const { status, stderr } of [textOutcome, jsonOutcome, rawOutcome] as Outcome[]) {
      assert.deepEqual([status, stderr], [0, "fluxbus event sub: subscribed\n"]);
    }
    assert.equal(textOutcome?.stdout, 's.a\t{"n":1,"list":[1]}\nt.x\tplain\ns.b\t\ufffd\ns.c\t\n');
    assert.equal(rawOutcome?.stdout, '{"n":1,"list":[1]}\0plain\0\ufffd\0');
    const sender = { userid: process.getuid?.(), rolemask: 5, private: false };
    assert.deepEqual(
      jsonOutcome?.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
      [
        { seq, topic: "s.a", ...sender, payload: { n: 1, list: [1] } },
        { seq: seq + 1, topic: "t.x", ...sender, payload: "plain" },
        { seq: seq + 2, topic: "s.b", ...sender, base64: "/wA=" },
        { seq: seq + 3, topic: "s.c", ...sender, private: true },
      ],
    );
  });

  test("event sub ends by Ctrl-C, and by the loss of its broker with an error", async () => {
    const other = await TestInstance.start();
    const interrupted = new CliProcess(["event", "sub", "-v"], { uri: instance.uri });
    const orphaned = new CliProcess(["event", "sub", "-v"], { uri: other.uri });
    for (const sub of [interrupted, orphaned]) await until(() => sub.stderr !== "", "subscribed", 10_000);
    await other.stop();
    const ended = await interrupted.end("SIGINT");
    assert.deepEqual([ended.signal, ended.stdout], ["SIGINT", ""]);
    const { status, stderr } = await orphaned.outcome;
    assert.equal(status, 1);
    assert.match(stderr, /^fluxbus event sub: .*reset/im);
  });

  test("rpc sends JSON from an argument or standard input, and prints the response", async () => {
    const [add, input, none, half, big, stream] = await Promise.all([
      ok(["rpc", "calc.add", ' {"a": 1, "b": 2}']),
      ok(["rpc", "calc.add", "-"], { input: '{"a":3,\n"b":4}\n' }),
      ok(["rpc", "service.add", '{"service":"cli-test"}']),
      ok(["rpc", "calc.half", '{"of":3}']),
      ok(["rpc", "--raw", "calc.echo", '{"n":12345678901234567, "r":1.0}']),
      ok(["rpc", "-s", "calc.count", '{"to":3}']),
    ]);
    assert.equal(add, '{"sum":3}\n');
    assert.equal(input, '{"sum":7}\n');
    assert.equal(none, "");
    assert.equal(half, '{"half":1.5}\n');
    assert.equal(big, '{"n":12345678901234567, "r":1.0}');
    assert.equal(stream, '{"i":0}\n{"i":1}\n{"i":2}\n');
    const log = ["rpc", "--stream", "log.dmesg", '{"follow":false}'];
    await flux.call("log.clear");
    await ok(["logger", "a line"]);
    const [text, json, exact, silent] = await Promise.all([
      ok(log),
      ok([...log, "--json"]),
      ok(["rpc", "broker.ping", '{"r":1.0,"n":12345678901234567}']),
      ok(["rpc", "--noresponse", "calc.never", "{}"]),
    ]);
    assert.match(text, /^<40>1 \S+ 0 logger \d+ - - a line\n$/);
    assert.equal(JSON.parse(json), text.trimEnd());
    assert.match(exact, /^\{"r":1\.0,"n":12345678901234567,"route"/);
    assert.equal(silent, "");
  });

  test("rpc tells failures apart by its exit status", async () => {
    const [unknown, service, rank, timeout, plain, usage, array, both] = await Promise.all([
      run(["rpc", "nope.x"]),
      run(["rpc", "calc.fail", "{}"]),
      run(["rpc", "-n", "7", "broker.ping", "{}"]),
      run(["rpc", "-t", "50ms", "calc.never", "{}"]),
      run(["rpc", "calc.count", '{"to":1}']),
      run(["rpc", "calc.add", "{a:1}"]),
      run(["rpc", "calc.add", "[]"]),
      run(["rpc", "--stream", "--noresponse", "calc.count"]),
    ]);
    assert.deepEqual(unknown, failed("fluxbus rpc: nope.x: No service matching nope.x is registered\n"));
    assert.deepEqual(service, failed("fluxbus rpc: calc.fail: no such operand\n"));
    assert.deepEqual(rank, failed("fluxbus rpc: broker.ping: No route to host\n"));
    assert.deepEqual(timeout, failed("fluxbus rpc: calc.never: no response within 50 ms\n", 124));
    assert.deepEqual([plain.status, plain.stdout], [1, ""]);
    assert.match(plain.stderr, /^fluxbus rpc: calc\.count: .*STREAMING/);
    assert.deepEqual(
      usage,
      failed("fluxbus rpc: payload is no JSON object: string or '}' expected near 'a'\n", 2),
    );
    assert.deepEqual(array, failed("fluxbus rpc: payload is no JSON object: it is an array\n", 2));
    assert.deepEqual(both, failed("fluxbus rpc: --stream and --noresponse exclude each other\n", 2));
  });

  test("logger writes what dmesg prints, follows and clears", async () => {
    await ok(["dmesg", "-C"]);
    const following = new CliProcess(["dmesg", "--follow", "--json"], { uri: instance.uri });
    await ok(["logger", "--severity=err", "--appname=app", "two\nlines"]);
    await ok(["logger", "hello", "world"]);
    const [plain, human, color] = await Promise.all([
      ok(["dmesg"]),
      ok(["dmesg", "-H", "--delta"]),
      ok(["dmesg", "-Lalways"]),
    ]);
    const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`;
    assert.match(
      plain,
      new RegExp(
        `^${stamp} app\\.err\\[0\\]: two\n${stamp} app\\.err\\[0\\]: lines\n${stamp} logger\\.notice\\[0\\]: hello world\n$`,
      ),
    );
    assert.match(human, /^\[[A-Z][a-z]{2}\d\d \d\d:\d\d\] app\.err\[0\]: two\n\[/);
    assert.match(
      color,
      new RegExp(`^\x1b\\[32m${stamp}\x1b\\[39m \x1b\\[33mapp\\.err\\[0\\]\x1b\\[39m: \x1b\\[31mtwo`),
    );
    await following.wrote(/hello world/);
    const { signal, stdout } = await following.end("SIGTERM");
    assert.equal(signal, "SIGTERM");
    const records = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      records.map(({ level, appname, rank, message }) => ({ level, appname, rank, message })),
      [
        { level: "err", appname: "app", rank: 0, message: "two" },
        { level: "err", appname: "app", rank: 0, message: "lines" },
        { level: "notice", appname: "logger", rank: 0, message: "hello world" },
      ],
    );
    assert.match(await ok(["dmesg"], { env: { TZ: "Asia/Tokyo" } }), /^\S+\.\d{6}\+09:00 app/);
    assert.match(await ok(["dmesg", "--read-clear"]), /hello world\n$/);
    assert.equal(await ok(["dmesg"]), "");
    const guest = await run(["logger", "x"], { env: { FLUX_HANDLE_ROLEMASK: "0x2" } });
    assert.equal(guest.status, 1);
    assert.match(guest.stderr, /^fluxbus logger: \S/);
  });

  test("logger takes the lines of standard input, whatever bytes they are", async () => {
    await ok(["dmesg", "-C"]);
    const input = Buffer.concat([Buffer.from("one\n\r\n\nƒ Φ\n"), Buffer.of(0xff, 0xfe, 0x82, 0x00, 0x41)]);
    await ok(["logger", "-s", "debug", "-n", "in", "first"]);
    await ok(["logger", "-s", "info", "-n", "in"], { input });
    await ok(["logger", "-n", "in"], { input: "" });
    await ok(["logger", "-n", "in"], { input: `${"x".repeat(100_000)}\n` });
    const lines = (await ok(["dmesg"])).split("\n").map((line) => line.replace(/^\S+ /, ""));
    assert.deepEqual(lines, [
      "in.info[0]: one",
      "in.info[0]: ƒ Φ",
      "in.info[0]: \ufffd\ufffd\ufffd",
      `in.notice[0]: ${"x".repeat(100_000)}`,
      "",
    ]);
    const usage = await run(["dmesg", "--delta"]);
    assert.equal(usage.status, 2);
    assert.match(usage.stderr, /^fluxbus dmesg: --delta can only be used with --human\n/);
  });

  test("module list and version print what the C tools print", async () => {
    const [list, long, json, version, machine] = await Promise.all([
      ok(["module", "list"]),
      ok(["module", "list", "-l"]),
      ok(["module", "list", "--json"]),
      ok(["version"]),
      ok(["version", "--json"]),
    ]);
    assert.match(list, /^Module {20}Idle {2}S Sendq Recvq Service\n/);
    assert.match(list, /^connector-local +\d+ {2}R {5}0 {5}0 $/m);
    assert.match(long, /^connector-local +\d+ {2}R {5}0 {5}0 {10}builtin$/m);
    assert(json.split("\n").some((line) => line !== "" && JSON.parse(line).name === "connector-local"));
    const broker = await flux.attributes.get("version");
    assert.equal(
      version,
      `commands:    \t\t${VERSION}\nbroker:  \t\t${broker}\nFLUX_URI:\t\t${instance.uri}\n`,
    );
    assert.deepEqual(JSON.parse(machine), { commands: VERSION, broker, uri: instance.uri });
  });

  test("no broker: an error that says where it was looked for", async () => {
    const [unset, gone, scheme, given] = await Promise.all([
      fluxbus(["getattr", "rank"], { env: { FLUX_LOCAL_CONNECTOR_RETRY_COUNT: "0" } }),
      run(["event", "pub", "a"], { uri: "local:///nonexistent/x" }),
      run(["getattr", "--uri=foo://x", "rank"]),
      fluxbus(["getattr", "--uri", instance.uri, "rank"]),
    ]);
    assert.equal(unset.status, 1);
    assert.match(unset.stderr, /^fluxbus getattr: connect: .*\(FLUX_URI is not set\)\n$/);
    assert.deepEqual(
      gone,
      failed("fluxbus event pub: connect: broker socket /nonexistent/x was not found\n"),
    );
    assert.deepEqual(scheme, failed("fluxbus getattr: connect: Unable to find connector name 'foo'\n"));
    assert.deepEqual([given.stdout, given.status], ["0\n", 0]);
  });

  test("wrong usage is status 2 and a hint on stderr; help and version go to stdout", async () => {
    const cases: [words: string[], stderr: string][] = [
      [
        ["getattr"],
        "fluxbus getattr: missing required argument 'name'\nTry 'fluxbus getattr --help' for more information.\n",
      ],
      [
        ["event", "pub", "-q", "a"],
        "fluxbus event pub: unknown option '-q'\nTry 'fluxbus event pub --help' for more information.\n",
      ],
      [
        ["getatr"],
        "fluxbus: unknown command 'getatr'\n(Did you mean getattr?)\nTry 'fluxbus --help' for more information.\n",
      ],
      [
        ["ping", "-c", "x", "broker"],
        "fluxbus ping: option '-c, --count <N>' argument 'x' is invalid. Expected a whole number.\nTry 'fluxbus ping --help' for more information.\n",
      ],
    ];
    const outcomes = await Promise.all(cases.map(([words]) => run(words)));
    for (const [i, [, stderr]] of cases.entries()) assert.deepEqual(outcomes[i], failed(stderr, 2));
    const [bare, version, help] = await Promise.all([
      run([]),
      ok(["--version"]),
      ok(["event", "sub", "--help"]),
    ]);
    assert.deepEqual([bare.status, bare.stdout], [2, ""]);
    assert.match(bare.stderr, /^Usage: fluxbus/);
    assert.equal(version, `${VERSION}\n`);
    assert.match(help, /^Usage: fluxbus event sub \[options\] \[topic\.\.\.\]\n/);
  });

  test("who reads no further ends the command without a word", async () => {
    const sub = new CliProcess(["ping", "-i", "1ms", "broker"], { uri: instance.uri });
    await sub.wrote(/seq=1/);
    sub.child.stdout.destroy();
    const { status, stderr } = await sub.outcome;
    assert.deepEqual([status, stderr], [141, ""]);
  });
});

function failed(stderr: string, status = 1): Outcome {
  return { stdout: "", stderr, status, signal: null };
}
