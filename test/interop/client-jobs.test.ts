import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { parseJobId } from "../../src/base/index.ts";
import { connect } from "../../src/connect/index.ts";
import type { JsonObject } from "../../src/json/index.ts";
import { resolveUri } from "../../src/proxy/index.ts";
import { FluxCoreInstance } from "../../src/testing/index.ts";

const run = promisify(execFile);

/**
 * Restarts the services of jobs behind an id that 53 bits do not hold, as an instance has them after a week, and runs a job. Prints its id, in
 * decimal.
 */
const SCRIPT = `
set -e
for m in job-list sched-simple job-exec job-ingest job-info job-manager; do flux module remove $m; done
flux kvs put 'checkpoint.job-manager={"max_jobid":9000000000000000001}'
for m in job-manager job-info job-ingest job-exec sched-simple job-list; do flux module load $m; done
id=$(flux submit true)
flux job wait-event -t 30 $id clean >/dev/null
flux job id --to=dec $id
`;

test("a 64-bit job id is the same number to the client as to flux-core, both ways", {
  timeout: 300_000,
}, async () => {
  await using instance = await FluxCoreInstance.start({ jobs: true });
  const { stdout } = await run("sh", ["-c", SCRIPT], { env: { ...process.env, FLUX_URI: instance.uri } });
  const id = BigInt(stdout.trim());
  assert(id > 9_000_000_000_000_000_000n, `${id} is larger than 53 bits hold`);
  const flux = await instance.connect();

  const listed = await flux.rpc<{ job: JsonObject }>("job-list.list-id", { id, attrs: ["name"] });
  assert.deepEqual([listed.job["id"], listed.job["name"]], [id, "true"]);
  const response = await flux.rpcPack("job-list.list-id", "{s:I s:[s]}", "id", id, "attrs", "name");
  assert.deepEqual(response.unpack("{s:{s:I}}", "job", "id"), [id]);

  const found = await flux.rpc("job-info.lookup", { id, keys: ["eventlog"], flags: 0 });
  assert.equal(found["id"], id);
  const events: string[] = [];
  const watch = flux.stream("job-info.eventlog-watch", { id, path: "eventlog", flags: 0 });
  for await (const { event } of watch) {
    const text = String(event).trim();
    events.push(String((JSON.parse(text) as { name: string }).name));
  }
  assert.deepEqual([events[0], events.at(-1)], ["submit", "clean"]);
});

test("an instance that is a job is found by its id", { timeout: 300_000 }, async () => {
  await using instance = await FluxCoreInstance.start({ jobs: true });
  const env = { ...process.env, FLUX_URI: instance.uri };
  const submitted = await run("flux", ["submit", "-n1", "flux", "start", "sleep", "1000"], { env });
  const id = submitted.stdout.trim();
  assert.notEqual(parseJobId(id), undefined, id);
  const uri = await resolveUri(`${id}?local`, { env, wait: true });
  {
    await using inner = await connect(uri, { env: {} });
    assert.equal(await inner.attributes.get("instance-level"), "1");
    const jobid = await inner.attributes.get("jobid");
    // Without a locale of UTF-8 flux writes an f where the attribute has a florin sign.
    assert.equal(parseJobId(jobid!), parseJobId(id));
  }
  const remote = await resolveUri(id, { env });
  assert.match(remote, /^ssh:\/\/[^/]+\//);
  assert.equal(await resolveUri(id, { env, form: "local" }), uri);
  assert.equal(await resolveUri(`/${id}/..`, { env, form: "local" }), instance.uri);
  await run("flux", ["cancel", id], { env });
  await run("flux", ["job", "wait-event", "-t", "60", id, "clean"], { env });
  await assert.rejects(resolveUri(id, { env }), { code: "ENOENT", message: `job ${id} is not running` });
  await assert.rejects(resolveUri("f1", { env }), { code: "ENOENT" });
});
