import assert from "node:assert/strict";
import { test } from "node:test";
import * as man3 from "../../../src/doors/man3.ts";
import { Message } from "../../../src/message/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { BOUNDED, NULL, numbers, rejects, throws } from "../../helpers/man3.ts";
import { until } from "../../helpers/until.ts";

const { FLUX_NODEID_ANY, FLUX_RPC_NORESPONSE, FLUX_RPC_STREAMING } = man3;

test("flux_rpc and its kin: what they send, and what they get", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  await using _service = await h.serve("svc", {
    echo: { request: (request) => request.respondRaw(request.payload) },
  });
  const f = man3.flux_rpc(h, "svc.echo", "text", FLUX_NODEID_ANY, 0);
  assert.equal(await man3.flux_rpc_get(f), "text");
  assert.equal(await man3.flux_rpc_get(f), "text");
  const none = man3.flux_rpc(h, "svc.echo", null, 0, 0);
  assert.equal(await man3.flux_rpc_get(none), null);
  assert.equal(await man3.flux_rpc_get_raw(none), null);
  await rejects("EPROTO", man3.flux_rpc_get_unpack(none, "{}"));
  const packed = man3.flux_rpc_pack(h, "svc.echo", FLUX_NODEID_ANY, 0, "{s:i s:[s]}", "a", 1, "b", "x");
  assert.deepEqual(await man3.flux_rpc_get_unpack(packed, "{s:[s] s:i}", "b", "a"), ["x", 1]);
  await rejects("EPROTO", man3.flux_rpc_get_unpack(packed, "{s:s}", "a"));
  const raw = man3.flux_rpc_raw(h, "svc.echo", new Uint8Array([1, 2]), FLUX_NODEID_ANY, 0);
  assert.deepEqual(numbers(await man3.flux_rpc_get_raw(raw)), [1, 2]);
  await rejects("EPROTO", man3.flux_rpc_get(raw));
  const msg = man3.flux_request_encode("svc.echo", "m");
  const message = man3.flux_rpc_message(h, msg, 0, 0);
  assert.equal(await man3.flux_rpc_get(message), "m");
  assert.equal(man3.flux_msg_get_matchtag(msg), man3.FLUX_MATCHTAG_NONE);
});

test("bytes are copied: their owner may use them for something else at once", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  await using _service = await h.serve("svc", {
    echo: { request: (request) => request.respondRaw(request.payload) },
  });
  const data = new Uint8Array(100_000).fill(7);
  const f = man3.flux_rpc_raw(h, "svc.echo", data, FLUX_NODEID_ANY, 0);
  data.fill(9);
  const answer = (await man3.flux_rpc_get_raw(f))!;
  assert.equal(answer.length, 100_000);
  assert(answer.every((byte) => byte === 7));
});

test("matchtag and nodeid of a request", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  const f = man3.flux_rpc(h, "broker.ping", "{}", FLUX_NODEID_ANY, 0);
  assert.equal(man3.flux_rpc_get_nodeid(f), FLUX_NODEID_ANY);
  assert.equal(h.pending, 1);
  const tag = man3.flux_rpc_get_matchtag(f);
  assert(tag > 0);
  assert.equal(man3.flux_msg_get_matchtag((await man3.flux_future_get(f))!), tag);
  const quiet = man3.flux_rpc(h, "broker.ping", "{}", 0, FLUX_RPC_NORESPONSE);
  assert.equal(man3.flux_rpc_get_matchtag(quiet), man3.FLUX_MATCHTAG_NONE);
  assert.equal(man3.flux_rpc_get_nodeid(quiet), 0);
  assert.equal(man3.flux_future_is_ready(quiet), true);
  await rejects("EINVAL", man3.flux_rpc_get(quiet));
  const up = man3.flux_rpc(h, "broker.ping", "{}", man3.FLUX_NODEID_UPSTREAM, 0);
  assert.equal(man3.flux_rpc_get_nodeid(up), man3.FLUX_NODEID_UPSTREAM);
  await rejects("EHOSTUNREACH", man3.flux_future_get(up));
  assert.equal(man3.flux_rpc_get_nodeid(man3.flux_rpc(h, "broker.ping", "{}", -1, 0)), FLUX_NODEID_ANY);
});

test("what flux_rpc refuses", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  for (const flags of [4, 8, 0x40, -1]) {
    throws("EINVAL", () => man3.flux_rpc(h, "t", null, 0, flags));
    throws("EINVAL", () => man3.flux_rpc_pack(h, "t", 0, flags, "{}"));
    throws("EINVAL", () => man3.flux_rpc_raw(h, "t", null, 0, flags));
    throws("EINVAL", () => man3.flux_rpc_message(h, Message.request({ topic: "t" }), 0, flags));
  }
  throws("EINVAL", () => man3.flux_rpc(NULL, "t", null, 0, 0));
  throws("EINVAL", () => man3.flux_rpc(h, NULL, null, 0, 0));
  throws("EINVAL", () => man3.flux_rpc_pack(h, "t", 0, 0, NULL));
  throws("EINVAL", () => man3.flux_rpc_pack(h, "t", 0, 0, "[]"));
  throws("EINVAL", () => man3.flux_rpc_raw(h, "t", "s" as never, 0, 0));
  throws("EINVAL", () => man3.flux_rpc_message(h, NULL, 0, 0));
  throws("EINVAL", () => man3.flux_rpc_get_nodeid(NULL));
  assert.equal(man3.flux_rpc_get_matchtag(NULL), man3.FLUX_MATCHTAG_NONE);
  assert.equal(h.pending, 0);
  const error = await rejects("ENOSYS", man3.flux_rpc_get(man3.flux_rpc(h, "no.such", null, 0, 0)));
  assert.equal(error.topic, "no.such");
  await h.close();
  throws("ECONNRESET", () => man3.flux_rpc(h, "t", null, 0, 0));
});

test("the matchtag of a future destroyed early stays taken until the last response", BOUNDED, async () => {
  await using instance = await startInstance();
  const [h, server] = [await instance.connect(), await instance.connect()];
  await man3.flux_future_get(man3.flux_service_register(server, "svc"));
  const next = (): Promise<man3.flux_msg_t> => man3.flux_recv(server, man3.FLUX_MATCH_REQUEST, 0);

  man3.flux_future_destroy(man3.flux_rpc(h, "svc.one", null, FLUX_NODEID_ANY, 0));
  assert.equal(h.pending, 1);
  man3.flux_respond(server, await next(), null);
  await until(() => h.pending === 0, "the response frees the tag");

  const stream = man3.flux_rpc(h, "svc.many", null, FLUX_NODEID_ANY, FLUX_RPC_STREAMING);
  const request = await next();
  man3.flux_respond(server, request, "first");
  assert.equal(await man3.flux_rpc_get(stream), "first");
  const waiting = (async () => {
    man3.flux_future_reset(stream);
    await man3.flux_rpc_get(stream);
  })();
  man3.flux_future_destroy(stream);
  await rejects("ECANCELED", waiting);
  await rejects("ECANCELED", man3.flux_future_get(stream));
  man3.flux_respond(server, request, "second");
  await h.ping();
  assert.equal(h.pending, 1);
  man3.flux_respond_error(server, request, man3.errno.ENODATA, null);
  await until(() => h.pending === 0, "the error response frees the tag");
});

test(
  "an error response that is no text has that of its number; one without topic is EPROTO",
  BOUNDED,
  async () => {
    const h = await man3.flux_open("loop://", 0);
    const answered = async (change: (response: man3.flux_msg_t) => void): Promise<man3.flux_future_t> => {
      const f = man3.flux_rpc(h, "svc.one", null, FLUX_NODEID_ANY, 0);
      const request = await man3.flux_recv(h, man3.FLUX_MATCH_REQUEST, 0);
      const response = man3.flux_response_derive(request, 0);
      change(response);
      man3.flux_send(h, response, 0);
      return f;
    };
    const raw = await answered((response) => {
      man3.flux_msg_set_errnum(response, man3.errno.EPERM);
      man3.flux_msg_set_payload(response, new Uint8Array([255]));
    });
    const error = await rejects("EPERM", man3.flux_rpc_get(raw));
    assert.equal(error.text, undefined);
    const bare = await answered((response) => man3.flux_msg_set_topic(response, null));
    await rejects("EPROTO", man3.flux_future_get(bare));
    await man3.flux_close(h);
  },
);

test("a lost connection fulfills what is pending with ECONNRESET", BOUNDED, async () => {
  await using instance = await startInstance();
  const [h, server] = [await instance.connect(), await instance.connect()];
  await man3.flux_future_get(man3.flux_service_register(server, "svc"));
  const f = man3.flux_rpc(h, "svc.one", null, FLUX_NODEID_ANY, 0);
  const received = man3.flux_recv(h, man3.FLUX_MATCH_ANY, 0);
  const both = Promise.all([rejects("ECONNRESET", man3.flux_rpc_get(f)), rejects("ECONNRESET", received)]);
  await man3.flux_close(h);
  await both;
  await rejects("ECONNRESET", man3.flux_recv(h, man3.FLUX_MATCH_ANY, 0));
});
