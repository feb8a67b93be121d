import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { FluxCoreInstance } from "../../src/testing/index.ts";
import { ModuleInstance } from "../helpers/module-instance.ts";
import { rejects } from "../helpers/rejects.ts";
import { runFlux } from "../helpers/run-flux.ts";
import { until } from "../helpers/until.ts";

const BOUNDED = { timeout: 120_000 };
const ROOT = join(import.meta.dirname, "../..");
const COUNTER = join(ROOT, "examples/module/counter.mjs");

/** The environment that flux(1) gives its commands: where its modules and loaders are. */
async function fluxEnvironment(): Promise<NodeJS.ProcessEnv> {
  const lines = (await runFlux(["env", "env", "-0"], {})).split("\0");
  return Object.fromEntries(
    lines.filter((line) => line.includes("=")).map((line) => line.split(/=(.*)/s, 2)),
  );
}

test("modules of flux-core run in a fluxbus broker as they are", BOUNDED, async () => {
  const panics: string[] = [];
  await using at = await ModuleInstance.start(
    { onModulePanic: (text) => panics.push(text) },
    await fluxEnvironment(),
  );
  const { uri } = at.instance;
  await at.load("heartbeat", ["period=0.1s"], { name: "ours" });
  await at.load("cron");
  await at.remove("cron");
  await at.remove("ours");
  await at.load("content");
  const { path = "" } = (await at.listed("content")) ?? {};
  assert.match(path, /\/content\.so/);
  await at.load(path.replace("content.so", "heartbeat.so"), ["period=0.1s"]);
  assert.equal((await at.flux.ping("heartbeat")).rank, 0);
  assert.equal((await at.flux.rpc("heartbeat.stats-get"))["period"], 0.1);
  await until(async () => Number((await at.flux.rpc("heartbeat.stats-get"))["count"]) > 1, "it beats");
  await at.load("kvs");
  await at.load("kvs-watch");
  await runFlux(["kvs", "put", "a.b=42"], { FLUX_URI: uri });
  assert.equal(await runFlux(["kvs", "get", "a.b"], { FLUX_URI: uri }), "42");
  assert.match(await runFlux(["module", "list"], { FLUX_URI: uri }), /^kvs-watch +\d+ +R/m);
  await rejects(at.load(path, ["nonsense"], { name: "second" }), "EINVAL");
  for (const name of ["kvs-watch", "kvs", "heartbeat", "content"]) await at.remove(name);
  assert.deepEqual(panics, []);
});

test("all that flux-core's rc1 loads comes up on a fluxbus broker, and a job runs", BOUNDED, async () => {
  const env = { FLUX_EXEC_PATH_PREPEND: join(ROOT, "libexec"), FLUX_URI: undefined };
  const command = "flux module list -l && flux run echo I am a job && flux getattr broker.pid";
  const out = await runFlux(["start", "sh", "-c", command], env);
  assert.match(out, /^connector-local .* builtin$/m);
  for (const name of ["kvs", "job-manager", "sched-simple"])
    assert.match(out, new RegExp(`^${name} .* R `, "m"));
  assert.match(out, /^heartbeat .*\.js$/m, "it is fluxbus's");
  assert.match(out, /^I am a job$/m);
});

test("a module of fluxbus runs in flux-core's broker", BOUNDED, async () => {
  await using instance = await FluxCoreInstance.start();
  const client = await instance.connect();
  const loader = join(ROOT, "libexec/flux-module-node-exec");
  await client.call("module.load", { path: COUNTER, args: ["from=6"], loader });
  assert.deepEqual(await client.rpc("counter.next"), { count: 7 });
  assert.equal((await client.ping("counter")).rank, 0);
  await client.call("config.load", { counter: { step: 3 } });
  assert.deepEqual(await client.rpc("counter.next"), { count: 10 });
  await rejects(client.call("config.load", { counter: { step: "x" } }), "EIO");
  await client.call("module.remove", { name: "counter" });
  await rejects(client.rpc("counter.next"), "ENOSYS");
  await rejects(client.call("module.load", { path: COUNTER, args: ["x"], loader }), "EIO");
});
