import assert from "node:assert/strict";
import { test } from "node:test";
import * as man3 from "../../../src/doors/man3.ts";
import type { ConnectedInstance } from "../../../src/testing/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { BOUNDED, NULL, rejects, throws } from "../../helpers/man3.ts";

const { FLUX_MATCH_REQUEST, FLUX_NODEID_ANY, FLUX_RPC_STREAMING } = man3;

/** A future of a request that the service has, and what answers it. */
async function pending(
  instance: ConnectedInstance,
  flags = 0,
): Promise<{ f: man3.flux_future_t; server: man3.flux_t; msg: man3.flux_msg_t }> {
  const [h, server] = [await instance.connect(), await instance.connect()];
  await man3.flux_future_get(man3.flux_service_register(server, "svc"));
  const f = man3.flux_rpc(h, "svc.any", null, FLUX_NODEID_ANY, flags);
  return { f, server, msg: await man3.flux_recv(server, FLUX_MATCH_REQUEST, 0) };
}

test("flux_future_wait_for: a time limit that passes leaves the future as it is", BOUNDED, async () => {
  await using instance = await startInstance();
  const { f, server, msg } = await pending(instance);
  assert.equal(man3.flux_future_is_ready(f), false);
  await rejects("ETIMEDOUT", man3.flux_future_wait_for(f, 0));
  await rejects("ETIMEDOUT", man3.flux_future_wait_for(f, 0.01));
  assert.equal(man3.flux_future_has_error(f), false);
  man3.flux_respond(server, msg, "late");
  await man3.flux_future_wait_for(f, -1);
  await man3.flux_future_wait_for(f, 0);
  assert.equal(man3.flux_future_is_ready(f), true);
  assert.equal(await man3.flux_rpc_get(f), "late");
});

test("flux_future_then: called when fulfilled, with its argument", BOUNDED, async () => {
  await using instance = await startInstance();
  const { f, server, msg } = await pending(instance);
  const got = new Promise<string | null>((resolve) => {
    man3.flux_future_then(
      f,
      -1,
      async (future, arg) => resolve(`${arg}:${await man3.flux_rpc_get(future)}`),
      "arg",
    );
  });
  man3.flux_respond(server, msg, "text");
  assert.equal(await got, "arg:text");
  const again = new Promise<void>((resolve) => {
    man3.flux_future_then(f, -1, () => resolve(), null);
  });
  await again;
});

test("flux_future_then: a time limit fulfills the future with ETIMEDOUT", BOUNDED, async () => {
  await using instance = await startInstance();
  const { f } = await pending(instance);
  await new Promise<void>((resolve) => {
    man3.flux_future_then(f, 0.01, () => resolve(), null);
  });
  assert.equal(man3.flux_future_has_error(f), true);
  await rejects("ETIMEDOUT", man3.flux_future_get(f));
});

test("flux_future_then on a stream: once for each response, behind each reset", BOUNDED, async () => {
  await using instance = await startInstance();
  const { f, server, msg } = await pending(instance, FLUX_RPC_STREAMING);
  const seen: (string | null)[] = [];
  const ended = new Promise<man3.FluxError>((resolve) => {
    man3.flux_future_then(
      f,
      5,
      async () => {
        try {
          seen.push(await man3.flux_rpc_get(f));
          man3.flux_future_reset(f);
        } catch (error) {
          resolve(error as man3.FluxError);
        }
      },
      null,
    );
  });
  for (const text of ["a", "b", "c"]) man3.flux_respond(server, msg, text);
  man3.flux_respond_error(server, msg, man3.errno.ENODATA, null);
  assert.equal((await ended).code, "ENODATA");
  assert.deepEqual(seen, ["a", "b", "c"]);
  man3.flux_future_destroy(f);
});

test("the text of an error, and none without one", BOUNDED, async () => {
  await using instance = await startInstance();
  const one = await pending(instance);
  assert.equal(man3.flux_future_error_string(one.f), null);
  man3.flux_respond_error(one.server, one.msg, man3.errno.EPERM, "not you");
  await rejects("EPERM", man3.flux_future_get(one.f));
  assert.equal(man3.flux_future_error_string(one.f), "not you");
  assert.equal(man3.flux_future_has_error(one.f), true);
  man3.flux_future_reset(one.f);
  assert.equal(man3.flux_future_has_error(one.f), false);
  assert.equal(man3.flux_future_is_ready(one.f), false);
  assert.equal(man3.flux_future_error_string(null), null);
});

test("an error response without text has that of its number", BOUNDED, async () => {
  await using instance = await startInstance();
  const { f, server, msg } = await pending(instance);
  man3.flux_respond_error(server, msg, man3.errno.EPERM, null);
  await man3.flux_future_wait_for(f, 5);
  assert.equal(man3.flux_future_error_string(f), "Operation not permitted");
});

test("a stream that nobody reads ends with ENOBUFS", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  await using _service = await h.serve("svc", {
    *flood() {
      for (let i = 0; i <= 65_536; i++) yield "";
    },
  });
  const f = man3.flux_rpc(h, "svc.flood", null, FLUX_NODEID_ANY, FLUX_RPC_STREAMING);
  const done = h.ping();
  await man3.flux_future_wait_for(f, 10);
  await done;
  for (let left = 10_000; left > 0 && !man3.flux_future_has_error(f); left--) await h.ping();
  await rejects("ENOBUFS", man3.flux_rpc_get(f));
  man3.flux_future_destroy(f);
});

test("NULL is EINVAL, or nothing to do", async () => {
  await rejects("EINVAL", man3.flux_future_get(NULL));
  await rejects("EINVAL", man3.flux_future_wait_for(NULL, 1));
  throws("EINVAL", () => man3.flux_future_then(NULL, -1, () => {}, null));
  throws("EINVAL", () => man3.flux_future_then(NULL, -1, NULL, null));
  man3.flux_future_reset(NULL);
  man3.flux_future_destroy(null);
  assert.equal(man3.flux_future_is_ready(NULL), false);
  assert.equal(man3.flux_future_has_error(NULL), false);
});
