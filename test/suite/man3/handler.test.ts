import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flux } from "../../../src/client/index.ts";
import * as man3 from "../../../src/doors/man3.ts";
import type { ConnectedInstance } from "../../../src/testing/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { BOUNDED, NULL, rejects, throws } from "../../helpers/man3.ts";

const { errno, FLUX_MATCHTAG_NONE, FLUX_MSGTYPE_EVENT, FLUX_MSGTYPE_REQUEST, FLUX_MSGTYPE_RESPONSE } = man3;

/** Two handles of an instance, one with the service `svc`. */
async function start(instance: ConnectedInstance): Promise<{ client: Flux; server: Flux }> {
  const [client, server] = [await instance.connect(), await instance.connect()];
  await man3.flux_future_get(man3.flux_service_register(server, "svc"));
  return { client, server };
}

/** A started handler of requests that answers with `name`. */
function answering(server: Flux, glob: string | null, name: string): man3.flux_msg_handler_t {
  const match = man3.flux_match_init(FLUX_MSGTYPE_REQUEST, FLUX_MATCHTAG_NONE, glob);
  const mh = man3.flux_msg_handler_create(
    server,
    match,
    (h, _mh, msg, arg) => man3.flux_respond(h, msg, arg),
    name,
  );
  man3.flux_msg_handler_start(mh);
  return mh;
}

const ask = async (client: Flux, topic: string): Promise<string | undefined> =>
  (await client.call(topic)).text;

test("an exact topic comes before globs, and the newest before older ones", BOUNDED, async () => {
  await using instance = await startInstance();
  const { client, server } = await start(instance);
  const exact = answering(server, "svc.a", "exact");
  const glob = answering(server, "svc.*", "glob");
  answering(server, "svc.?", "newer glob");
  assert.equal(await ask(client, "svc.a"), "exact");
  assert.equal(await ask(client, "svc.b"), "newer glob");
  assert.equal(await ask(client, "svc.bb"), "glob");
  const newer = answering(server, "svc.a", "newer exact");
  assert.equal(await ask(client, "svc.a"), "newer exact");
  man3.flux_msg_handler_stop(newer);
  assert.equal(await ask(client, "svc.a"), "newer glob");
  man3.flux_msg_handler_destroy(newer);
  assert.equal(await ask(client, "svc.a"), "exact");
  man3.flux_msg_handler_destroy(exact);
  man3.flux_msg_handler_destroy(glob);
  assert.equal(await ask(client, "svc.a"), "newer glob");
  const error = await rejects("ENOSYS", client.call("svc.bb"));
  assert.equal(error.text, "Unknown service method 'svc.bb'");
  answering(server, null, "all");
  assert.equal(await ask(client, "svc.bb"), "all");
});

test("what comes before a handler is started waits for it, in order", BOUNDED, async () => {
  await using instance = await startInstance();
  const { client, server } = await start(instance);
  const [one, two] = [ask(client, "svc.one"), ask(client, "svc.two")];
  const first = await man3.flux_recv(server, man3.FLUX_MATCH_REQUEST, 0);
  man3.flux_requeue(server, first, man3.FLUX_RQ_HEAD);
  const topics: string[] = [];
  const handlers = man3.flux_msg_handler_addvec(
    server,
    ["svc.one", "svc.two"].map((topic_glob) => ({
      typemask: FLUX_MSGTYPE_REQUEST,
      topic_glob,
      cb: (h: Flux, _mh: man3.flux_msg_handler_t, msg: man3.flux_msg_t, arg: string) => {
        topics.push(man3.flux_msg_get_topic(msg));
        man3.flux_respond(h, msg, arg);
      },
      rolemask: 0,
    })),
    "arg",
  );
  assert.deepEqual(await Promise.all([one, two]), ["arg", "arg"]);
  assert.deepEqual(topics, ["svc.one", "svc.two"]);
  man3.flux_msg_handler_delvec(handlers);
  const waiting = ask(client, "svc.one");
  man3.flux_respond(server, await man3.flux_recv(server, man3.FLUX_MATCH_REQUEST, 0), "by hand");
  assert.equal(await waiting, "by hand");
});

test("an event waits for flux_recv while only handlers of requests are started", BOUNDED, async () => {
  await using instance = await startInstance();
  const { client, server } = await start(instance);
  answering(server, "svc.a", "ok");
  await man3.flux_event_subscribe(server, "");
  await client.publish("t");
  assert.equal(await ask(client, "svc.a"), "ok");
  const event = await man3.flux_recv(server, man3.FLUX_MATCH_EVENT, man3.FLUX_O_NONBLOCK);
  assert.equal(man3.flux_msg_get_topic(event), "t");
});

test("roles: the owner always may, others when they are let in", BOUNDED, async () => {
  await using instance = await startInstance();
  const { server } = await start(instance);
  const guest = await instance.connect({ userid: 4242, rolemask: man3.FLUX_ROLE_USER });
  const owner = await instance.connect();
  const mh = answering(server, "svc.a", "ok");
  const error = await rejects("EPERM", guest.call("svc.a"));
  assert.equal(error.text, "Request requires owner credentials");
  man3.flux_msg_handler_allow_rolemask(mh, man3.FLUX_ROLE_ADMIN);
  const other = await rejects("EPERM", guest.call("svc.a"));
  assert.equal(other.text, "Request rejected due to insufficient privilege");
  man3.flux_msg_handler_allow_rolemask(mh, man3.FLUX_ROLE_ALL);
  assert.equal(await ask(guest, "svc.a"), "ok");
  man3.flux_msg_handler_deny_rolemask(mh, man3.FLUX_ROLE_ALL);
  await rejects("EPERM", guest.call("svc.a"));
  assert.equal(await ask(owner, "svc.a"), "ok");
});

test("an event goes to all handlers that match, and to none from those who may not", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  const guest = await instance.connect({ userid: 4242, rolemask: man3.FLUX_ROLE_USER });
  const seen: string[] = [];
  const listen = (glob: string | null, arg: string): man3.flux_msg_handler_t => {
    const match = man3.flux_match_init(FLUX_MSGTYPE_EVENT, FLUX_MATCHTAG_NONE, glob);
    const mh = man3.flux_msg_handler_create(
      h,
      match,
      (_h, _mh, msg) => {
        seen.push(`${arg} ${man3.flux_msg_get_topic(msg)}`);
      },
      null,
    );
    man3.flux_msg_handler_start(mh);
    return mh;
  };
  await man3.flux_event_subscribe(h, "");
  listen("a.*", "glob");
  const all = listen(null, "all");
  man3.flux_msg_handler_allow_rolemask(all, man3.FLUX_ROLE_USER);
  await h.publish("a.one");
  await h.publish("b");
  await guest.publish("a.guest");
  await h.ping();
  assert.deepEqual(seen, ["all a.one", "glob a.one", "all b", "all a.guest"]);
});

test("a handler that throws: its error is the answer", BOUNDED, async () => {
  await using instance = await startInstance();
  const { client, server } = await start(instance);
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on("warning", warned);
  const throwing = (topic: string, cb: man3.flux_msg_handler_f<null>): void => {
    const match = man3.flux_match_init(FLUX_MSGTYPE_REQUEST, FLUX_MATCHTAG_NONE, topic);
    man3.flux_msg_handler_start(man3.flux_msg_handler_create(server, match, cb, null));
  };
  throwing("svc.sync", (_h, _mh, msg) => {
    man3.flux_request_unpack(msg, "{s:i}", "missing");
  });
  throwing("svc.async", async () => {
    throw new man3.FluxError("EPERM", "not now");
  });
  throwing("svc.fault", async () => {
    throw new TypeError("a fault of the program");
  });
  throwing("svc.late", async (h, _mh, msg) => {
    man3.flux_respond(h, msg, "answered");
    throw new man3.FluxError("EPERM", "behind the answer");
  });
  await rejects("EPROTO", client.call("svc.sync", {}));
  assert.equal((await rejects("EPERM", client.call("svc.async"))).text, "not now");
  assert.equal((await rejects("EIO", client.call("svc.fault"))).text, "a fault of the program");
  assert.equal(await ask(client, "svc.late"), "answered");
  await client.ping();
  await new Promise(setImmediate);
  process.off("warning", warned);
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ["a fault of the program", "behind the answer"],
  );
});

test("responses under tags of one's own go to their handler", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  const request = man3.flux_request_encode("broker.ping", '{"seq":1}');
  const tag = 0x7ffffff0;
  man3.flux_msg_set_matchtag(request, tag);
  const match = man3.flux_match_init(FLUX_MSGTYPE_RESPONSE, tag, null);
  const got = new Promise<string>((resolve) => {
    const mh = man3.flux_msg_handler_create(
      h,
      match,
      (_h, _mh, msg) => resolve(man3.flux_msg_get_topic(msg)),
      null,
    );
    man3.flux_msg_handler_start(mh);
  });
  throws("EEXIST", () => man3.flux_msg_handler_create(h, match, () => {}, null));
  man3.flux_send(h, request, 0);
  assert.equal(await got, "broker.ping");
});

test("idiomatic services on the same handle keep their requests", BOUNDED, async () => {
  await using instance = await startInstance();
  const { client, server } = await start(instance);
  answering(server, null, "man3");
  await using _service = await server.serve("idiom", { a: () => "idiom" });
  assert.equal(await ask(client, "svc.a"), "man3");
  assert.equal(await ask(client, "idiom.a"), "idiom");
  await rejects("ENOSYS", client.call("idiom.other"));
});

test("what flux_msg_handler_create and its kin refuse", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  const match = man3.FLUX_MATCH_ANY;
  throws("EINVAL", () => man3.flux_msg_handler_create(NULL, match, () => {}, null));
  throws("EINVAL", () => man3.flux_msg_handler_create(h, NULL, () => {}, null));
  throws("EINVAL", () => man3.flux_msg_handler_create(h, match, NULL, null));
  throws("EINVAL", () => man3.flux_msg_handler_start(NULL));
  man3.flux_msg_handler_stop(null);
  man3.flux_msg_handler_destroy(null);
  const good = { typemask: 0, topic_glob: null, cb: () => assert.fail("it was taken back"), rolemask: 0 };
  throws("EINVAL", () => man3.flux_msg_handler_addvec(h, [good, { ...good, cb: NULL }], null));
  throws("EINVAL", () => man3.flux_msg_handler_addvec(h, NULL, null));
  man3.flux_requeue(h, man3.flux_event_encode("t", null), man3.FLUX_RQ_TAIL);
  assert.equal(man3.flux_msg_get_topic(await man3.flux_recv(h, match, 0)), "t");
  assert.equal(errno.EINVAL, 22);
});
