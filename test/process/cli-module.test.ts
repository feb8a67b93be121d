import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fixture, ModuleInstance } from "../helpers/module-instance.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, fluxbus, type Outcome } from "./cli-process.ts";

const COUNTER = join(import.meta.dirname, "../../examples/module/counter.mjs");

describe("fluxbus module", () => {
  let at: ModuleInstance;
  before(async () => {
    at = await ModuleInstance.start();
  });
  after(() => at[Symbol.asyncDispose]());
  const run = (...words: string[]): Promise<Outcome> => fluxbus(words, { uri: at.instance.uri });

  test("load, list, stats, debug, reload, remove", async () => {
    const loaded = await run("module", "load", "--name=c", COUNTER, "from=5");
    assert.deepEqual([loaded.status, loaded.stdout, loaded.stderr], [0, "", ""]);
    assert.equal((await run("rpc", "c.next")).stdout, '{"count":6}\n');
    const list = await run("module", "list", "-l");
    assert.match(list.stdout, new RegExp(`^c +0 +R +0 +0 +${COUNTER}$`, "m"));
    const [whole, part, scaled] = await Promise.all([
      run("module", "stats", "c"),
      run("module", "stats", "-p", "count", "--scale=2", "c"),
      run("module", "stats", "-R", "c"),
    ]);
    assert.equal(whole.stdout, '{\n "count": 6,\n "step": 1,\n "watchers": 0\n}\n');
    assert.equal(part.stdout, "12\n");
    assert.match(scaled.stdout, /^\{\n "utime": \d+\.\d+,\n/);
    assert.equal((await run("module", "debug", "--setbit=0x10", "c")).stdout, "0x10\n");
    assert.equal((await run("module", "debug", "c")).stdout, "0x10\n");
    assert.equal((await run("module", "stats", "--clear", "c")).status, 0);
    assert.equal((await run("module", "reload", "--name=c", COUNTER)).status, 0);
    assert.equal((await run("module", "debug", "c")).stdout, "0x0\n", "it is a new one");
    assert.equal((await run("module", "remove", "c")).status, 0);
    assert.equal(await at.listed("c"), undefined);
  });

  test("what goes wrong is said in a line", async () => {
    const wrong: [string[], number, string][] = [
      [["load", "nosuch"], 1, "fluxbus module load: nosuch: module not found in search path\n"],
      [["load", "./nosuch.mjs"], 1, "fluxbus module load: ./nosuch.mjs: No such file or directory\n"],
      [["load", COUNTER, "to=5"], 1, `fluxbus module load: ${COUNTER}: to=5: unknown option\n`],
      [["remove", "nosuch"], 1, "fluxbus module remove: nosuch: No such file or directory\n"],
      [["remove", "-f", "nosuch"], 0, ""],
      [["reload", "nosuch"], 1, "fluxbus module reload: nosuch: No such file or directory\n"],
    ];
    for (const [words, status, text] of wrong) {
      const outcome = await run("module", ...words);
      assert.deepEqual([outcome.status, outcome.stderr], [status, text], words.join(" "));
    }
    for (const words of [
      ["load"],
      ["stats"],
      ["debug", "-s", "x", "a"],
      ["debug", "-C", "-s1", "a"],
      ["trace", "-t", "foo"],
      ["trace", "-d"],
    ])
      assert.equal((await run("module", ...words)).status, 2, words.join(" "));
  });

  test("trace prints messages as they pass", async () => {
    await at.load(COUNTER);
    const tracer = new CliProcess(["module", "trace", "-f", "--color=never", "counter"], {
      uri: at.instance.uri,
    });
    await until(async () => {
      await at.flux.rpc("counter.next", { a: 1 });
      return tracer.stdout.includes("success") || tracer.ended;
    }, "a trace");
    await tracer.end("SIGTERM");
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]{12}`;
    assert.match(tracer.stdout, new RegExp(`^${time} counter rx > counter.next \\[8\\]\n{\n  "a": 1\n}\n`));
    assert.match(
      tracer.stdout,
      new RegExp(`\n${time} counter tx < counter.next \\[1\\d\\] success\n{\n  "count": \\d+\n}\n`),
    );
    await at.remove("counter");
  });

  test("module-exec runs one by hand, until it is told to end", async () => {
    const program = new CliProcess(["module-exec", "--name=hand", COUNTER, "from=3"], {
      uri: at.instance.uri,
      env: {},
    });
    at.instance.broker.addService("config", { get: () => ({}) });
    await until(
      () =>
        at.flux.rpc("hand.next").then(
          () => true,
          () => program.ended,
        ),
      "its service",
    );
    assert.equal((await at.flux.rpc("hand.next"))["count"], 5);
    assert.equal(await at.listed("hand"), undefined, "it is no module of the broker");
    await at.flux.call("hand.shutdown", {}, { noResponse: true });
    const { status, stderr } = await program.outcome;
    assert.deepEqual([status, stderr], [0, "fluxbus module-exec: loading module in test mode\n"]);
    const failed = await run("module-exec", COUNTER, "to=1");
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /fluxbus module-exec: module failed: to=1: unknown option\n$/);
    const both = await fluxbus(["module-exec", COUNTER, "x"], { env: { FLUX_MODULE_URI: "fd://3" } });
    assert.deepEqual([both.status, /are incompatible/.test(both.stderr)], [2, true]);
    assert.equal((await run("module-exec", fixture("nosuch"))).status, 1);
  });
});
