import assert from "node:assert/strict";
import { test } from "node:test";
import { Flux, type Response } from "../../../src/client/index.ts";
import { receiveOnlyConnector } from "../../../src/connector/index.ts";
import * as man3 from "../../../src/doors/man3.ts";
import { startInstance } from "../../helpers/instance.ts";
import { BOUNDED, NULL, numbers, rejects, throws } from "../../helpers/man3.ts";

const { errno, FLUX_MATCH_REQUEST, FLUX_NODEID_ANY, FLUX_RPC_NORESPONSE, FLUX_RPC_STREAMING } = man3;
const bytes = new Uint8Array([0, 255, 1]);

/** An instance, a client of it, and another one that has the service `svc`. */
async function start(): Promise<AsyncDisposable & { client: Flux; server: Flux }> {
  const instance = await startInstance();
  const [client, server] = [await instance.connect(), await instance.connect()];
  await man3.flux_future_get(man3.flux_service_register(server, "svc"));
  return { client, server, [Symbol.asyncDispose]: () => instance.stop() };
}

test(
  "flux_respond and its kin: string, object, bytes and nothing arrive as they were sent",
  BOUNDED,
  async () => {
    await using place = await start();
    const { client, server } = place;
    const answers: ((msg: man3.flux_msg_t) => void)[] = [
      (msg) => man3.flux_respond(server, msg, "text"),
      (msg) => man3.flux_respond(server, msg, null),
      (msg) =>
        man3.flux_respond_pack(server, msg, "{s:i s:s}", "uid", man3.flux_msg_get_userid(msg), "s", "x"),
      (msg) => man3.flux_respond_raw(server, msg, bytes),
      (msg) => man3.flux_respond_raw(server, msg, new Uint8Array(0)),
      (msg) => man3.flux_respond_raw(server, msg, null),
    ];
    const responses: Response[] = [];
    for (const answer of answers) {
      const call = client.call("svc.any");
      answer(await man3.flux_recv(server, FLUX_MATCH_REQUEST, 0));
      responses.push(await call);
    }
    const [text, nothing, object, raw, empty, none] = responses;
    assert.equal(text!.text, "text");
    assert.equal(nothing!.payload, undefined);
    assert.deepEqual(object!.json(), { uid: process.getuid!(), s: "x" });
    assert.deepEqual(numbers(raw!.payload), [0, 255, 1]);
    assert.equal(empty!.payload, undefined);
    assert.equal(none!.payload, undefined);
    for (const { topic } of responses) assert.equal(topic, "svc.any");
  },
);

test("flux_respond_error: number and text arrive, and errnum 0 is EINVAL", BOUNDED, async () => {
  await using place = await start();
  const { client, server } = place;
  const outcome = async (errnum: number, text?: string | null): Promise<man3.FluxError> => {
    const call = client.call("svc.any");
    man3.flux_respond_error(server, await man3.flux_recv(server, FLUX_MATCH_REQUEST, 0), errnum, text);
    return call.then(
      () => assert.fail("no error came"),
      (error: man3.FluxError) => error,
    );
  };
  const named = await outcome(errno.ENOENT, "no such thing");
  assert.deepEqual([named.code, named.text], ["ENOENT", "no such thing"]);
  const bare = await outcome(errno.ENOENT, null);
  assert.deepEqual([bare.code, bare.text, bare.message], ["ENOENT", undefined, "No such file or directory"]);
  assert.equal((await outcome(0, "x")).code, "EINVAL");
  assert.equal((await outcome(0)).code, "EINVAL");
  assert.equal((await outcome(9999)).errno, 9999);
});

test(
  "a request that wants no response is not answered, and the answer is not looked at",
  BOUNDED,
  async () => {
    await using instance = await startInstance();
    const client = await instance.connect();
    const sent: man3.flux_msg_t[] = [];
    const server = await instance.connect({
      trace: (direction, message) => void (direction === "tx" && sent.push(message)),
    });
    await man3.flux_future_get(man3.flux_service_register(server, "svc"));
    const f = man3.flux_rpc(client, "svc.any", null, FLUX_NODEID_ANY, FLUX_RPC_NORESPONSE);
    assert.equal(await man3.flux_future_get(f), null);
    const msg = await man3.flux_recv(server, FLUX_MATCH_REQUEST, 0);
    assert.equal(man3.flux_msg_is_noresponse(msg), true);
    sent.length = 0;
    man3.flux_respond(server, msg, "s");
    man3.flux_respond(server, msg, "a\0b");
    man3.flux_respond_pack(server, msg, "{" as string);
    man3.flux_respond_raw(server, msg, "no bytes" as never);
    man3.flux_respond_error(server, msg, errno.EPERM, "no");
    assert.deepEqual(sent, []);
  },
);

test("NULL and what JSON can't hold are EINVAL, and the request may still be answered", BOUNDED, async () => {
  await using place = await start();
  const { client, server } = place;
  const call = client.call("svc.any");
  const msg = await man3.flux_recv(server, FLUX_MATCH_REQUEST, 0);
  throws("EINVAL", () => man3.flux_respond(NULL, msg, "s"));
  throws("EINVAL", () => man3.flux_respond(server, NULL, "s"));
  throws("EINVAL", () => man3.flux_respond(server, msg, "a\0b"));
  throws("EINVAL", () => man3.flux_respond_pack(NULL, msg, "{}"));
  throws("EINVAL", () => man3.flux_respond_pack(server, NULL, "{}"));
  throws("EINVAL", () => man3.flux_respond_pack(server, msg, NULL));
  throws("EINVAL", () => man3.flux_respond_pack(server, msg, "" as string));
  throws("EINVAL", () => man3.flux_respond_pack(server, msg, "{s:i" as string, "a", 1));
  throws("EINVAL", () => man3.flux_respond_pack(server, msg, "[i]", 1));
  throws("EINVAL", () => man3.flux_respond_pack(server, msg, "{s:f}", "a", Number.NaN));
  throws("EINVAL", () => man3.flux_respond_raw(NULL, msg, bytes));
  throws("EINVAL", () => man3.flux_respond_raw(server, NULL, bytes));
  throws("EINVAL", () => man3.flux_respond_raw(server, msg, "s" as never));
  throws("EINVAL", () => man3.flux_respond_error(NULL, msg, errno.EPERM, null));
  throws("EINVAL", () => man3.flux_respond_error(server, NULL, errno.EPERM, null));
  man3.flux_respond(server, msg, "s");
  assert.equal((await call).text, "s");
});

test("what is no request can't be answered: EPROTO", BOUNDED, async () => {
  await using place = await start();
  const { server } = place;
  const event = man3.flux_event_encode("svc.any", null);
  throws("EPROTO", () => man3.flux_respond(server, event, "s"));
  throws("EPROTO", () => man3.flux_respond_pack(server, event, "{}"));
  throws("EPROTO", () => man3.flux_respond_raw(server, event, bytes));
  throws("EPROTO", () => man3.flux_respond_error(server, event, errno.EPERM, null));
  throws("EPROTO", () => man3.flux_respond(server, man3.flux_response_encode("svc.any", null), "s"));
});

test("a handle without send operation: ENOSYS for all that sends", BOUNDED, async () => {
  const { connector, feed } = receiveOnlyConnector();
  await using h = new Flux(connector, () => Promise.reject(new Error("no other")));
  const waiting = man3.flux_recv(h, FLUX_MATCH_REQUEST, 0);
  const request = man3.flux_request_encode("svc.any", null);
  man3.flux_msg_set_rolemask(request, man3.FLUX_ROLE_OWNER);
  feed(request);
  const msg = await waiting;
  throws("ENOSYS", () => man3.flux_respond(h, msg, "s"));
  throws("ENOSYS", () => man3.flux_respond_pack(h, msg, "{}"));
  throws("ENOSYS", () => man3.flux_respond_raw(h, msg, bytes));
  throws("ENOSYS", () => man3.flux_respond_error(h, msg, errno.EPERM, null));
  throws("ENOSYS", () => man3.flux_send(h, man3.flux_event_encode("t", null), 0));
  throws("ENOSYS", () => man3.flux_send_new(h, man3.flux_event_encode("t", null), 0));
  throws("ENOSYS", () => man3.flux_event_publish(h, "t", 0, "s"));
  throws("ENOSYS", () => man3.flux_event_publish_pack(h, "t", 0, "{}"));
  throws("ENOSYS", () => man3.flux_event_publish_raw(h, "t", 0, bytes));
  throws("ENOSYS", () => man3.flux_rpc(h, "t", null, FLUX_NODEID_ANY, 0));
  throws("ENOSYS", () => man3.flux_rpc(h, "t", null, FLUX_NODEID_ANY, FLUX_RPC_NORESPONSE));
  throws("ENOSYS", () => man3.flux_rpc_pack(h, "t", FLUX_NODEID_ANY, 0, "{}"));
  throws("ENOSYS", () => man3.flux_rpc_raw(h, "t", bytes, FLUX_NODEID_ANY, FLUX_RPC_STREAMING));
  throws("ENOSYS", () => man3.flux_service_register(h, "svc"));
  await rejects("ENOSYS", man3.flux_event_subscribe(h, "t"));
  await rejects("ENOSYS", man3.flux_future_get(man3.flux_rpc(h, "t", null, man3.FLUX_NODEID_UPSTREAM, 0)));
  assert.equal(h.pending, 0);
});

test(
  "a streaming method refuses a request without the flag, and ends with exactly one error response",
  BOUNDED,
  async () => {
    await using place = await start();
    const { client, server } = place;
    const second: unknown[] = [];
    const match = man3.flux_match_init(man3.FLUX_MSGTYPE_REQUEST, man3.FLUX_MATCHTAG_NONE, "svc.count");
    const mh = man3.flux_msg_handler_create(
      server,
      match,
      (h, _mh, msg) => {
        if (!man3.flux_msg_is_streaming(msg)) {
          man3.flux_respond_error(h, msg, errno.EPROTO, "request lacks the STREAMING flag");
          return;
        }
        const [, to] = man3.flux_request_unpack(msg, "{s:i}", "to");
        for (let i = 0; i < to; i++) man3.flux_respond_pack(h, msg, "{s:i}", "i", i);
        man3.flux_respond_error(h, msg, errno.ENODATA, null);
        second.push(throws("EINVAL", () => man3.flux_respond(h, msg, null)));
        second.push(throws("EINVAL", () => man3.flux_respond_error(h, msg, errno.ENODATA, null)));
      },
      undefined,
    );
    man3.flux_msg_handler_start(mh);

    const refused = man3.flux_rpc_pack(client, "svc.count", FLUX_NODEID_ANY, 0, "{s:i}", "to", 3);
    const error = await rejects("EPROTO", man3.flux_rpc_get(refused));
    assert.equal(error.text, "request lacks the STREAMING flag");

    const f = man3.flux_rpc_pack(client, "svc.count", FLUX_NODEID_ANY, FLUX_RPC_STREAMING, "{s:i}", "to", 3);
    for (const expected of [0, 1, 2]) {
      assert.deepEqual(await man3.flux_rpc_get_unpack(f, "{s:i}", "i"), [expected]);
      man3.flux_future_reset(f);
    }
    await rejects("ENODATA", man3.flux_rpc_get(f));
    assert.equal(client.pending, 0);
    assert.equal(second.length, 2);

    const values: unknown[] = [];
    for await (const { i } of client.stream<{ i: number }>("svc.count", { to: 2 })) values.push(i);
    assert.deepEqual(values, [0, 1]);
  },
);

test("the only response to a request is the last one", BOUNDED, async () => {
  await using place = await start();
  const { client, server } = place;
  const call = client.call("svc.any");
  const msg = await man3.flux_recv(server, FLUX_MATCH_REQUEST, 0);
  man3.flux_respond(server, msg, "one");
  throws("EINVAL", () => man3.flux_respond(server, msg, "two"));
  throws("EINVAL", () => man3.flux_respond_error(server, msg, errno.EPERM, null));
  assert.equal((await call).text, "one");
});
