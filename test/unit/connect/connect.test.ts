import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../../src/connect/index.ts";
import { Role } from "../../../src/message/index.ts";
import { TestInstance, type TestInstanceOptions } from "../../../src/testing/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

test("a scheme that nobody knows is ENOENT", async () => {
  await rejects(connect("nosuch://x", { env: {} }), "ENOENT", "Unable to find connector name 'nosuch'");
  const text = "Unable to find connector name 'word': a URI has a scheme, as in local:///PATH";
  await rejects(connect("word", { env: {} }), "ENOENT", text);
});

test("local needs a path of 107 bytes at most, with a broker behind it", async () => {
  await rejects(connect("local://", { env: {} }), "EINVAL");
  await rejects(connect("local", { env: {} }), "EINVAL");
  await rejects(connect(`local:///${"x".repeat(107)}`, { env: {} }), "EINVAL");
  const path = `/nosuch-${process.pid}/local`;
  const start = performance.now();
  await rejects(
    connect(`local://${path}`, { env: {}, retries: 0 }),
    "ENOENT",
    `broker socket ${path} was not found`,
  );
  assert(performance.now() - start < 400, "0 retries: no wait");
  const env = { FLUX_LOCAL_CONNECTOR_RETRY_COUNT: "1" };
  await rejects(connect(`local://${path}`, { env }), "ENOENT", `broker socket ${path} was not found`);
});

test("a signal gives up connecting", async () => {
  const path = `local:///nosuch-${process.pid}/local`;
  await rejects(connect(path, { env: {}, signal: AbortSignal.abort() }), "ECANCELED");
  await rejects(connect(path, { env: {}, retries: 7, signal: AbortSignal.timeout(30) }), "ETIMEDOUT");
  await rejects(
    connect("..", { env: { FLUX_URI: path }, retries: 7, signal: AbortSignal.timeout(30) }),
    "ETIMEDOUT",
  );
});

test("loop:// brings back what is sent, as the owner's", async () => {
  await using flux = await connect("loop://", { env: {} });
  flux.handle("echo.it", (request) =>
    request.respondPack("{s:i s:i}", "userid", request.userid, "roles", request.rolemask),
  );
  assert.deepEqual(await flux.rpc("echo.it"), { userid: process.getuid?.() ?? 0, roles: Role.OWNER });
  await rejects(flux.rpc("echo.other"), "ENOSYS", "Unknown service method 'echo.other'");
});

/** Instances each in the one before: the outermost first, its URI the parent-uri of the next. */
async function nested(depth: number) {
  const instances: TestInstance[] = [];
  for (let level = 0; level < depth; level++) {
    const parent = instances.at(-1);
    const attributes: TestInstanceOptions["attributes"] = {
      "instance-level": String(level),
      ...(parent === undefined ? {} : { "parent-uri": parent.uri }),
    };
    instances.push(await TestInstance.start({ attributes }));
  }
  return {
    uris: instances.map(({ uri }) => uri),
    brokers: instances.map(({ broker }) => broker),
    async [Symbol.asyncDispose]() {
      for (const instance of instances.reverse()) await instance.stop();
    },
  };
}

test("ancestors of the instance in the environment", async () => {
  await using tree = await nested(3);
  const env = { FLUX_URI: tree.uris[2] };
  const uriOf = async (path: string) => {
    await using flux = await connect(path, { env });
    await flux.ping();
    return tree.uris.indexOf(flux.uri);
  };
  assert.equal(await uriOf("."), 2);
  assert.equal(await uriOf("./"), 2);
  assert.equal(await uriOf(".."), 1);
  assert.equal(await uriOf("../"), 1);
  assert.equal(await uriOf("./.."), 1);
  assert.equal(await uriOf("../.."), 0);
  assert.equal(await uriOf("../../../.."), 0, "the outermost is its own parent");
  assert.equal(await uriOf("/"), 0);
  await rejects(connect("../x", { env }), "EINVAL", "../x: invalid URI path element 'x'");
  await rejects(connect("/x", { env }), "EINVAL", "/x: invalid URI path element 'x'");
  await until(() => tree.brokers.every(({ stats }) => stats.clients === 0), "no connection left behind");
});
