import assert from "node:assert/strict";
import { test } from "node:test";
import * as man3 from "../../../src/doors/man3.ts";
import { startInstance } from "../../helpers/instance.ts";
import { BOUNDED, NULL, rejects, throws } from "../../helpers/man3.ts";
import { until } from "../../helpers/until.ts";

const { FLUX_MATCH_ANY, FLUX_MATCH_EVENT, FLUX_O_NONBLOCK, FLUX_O_TEST_NOSUB, FLUX_O_TRACE } = man3;

/** What is written to stderr while `run` runs. */
async function stderrOf(run: () => Promise<void>): Promise<string> {
  const { write } = process.stderr;
  let text = "";
  process.stderr.write = (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  };
  try {
    await run();
  } finally {
    process.stderr.write = write;
  }
  return text;
}

test("flux_open and flux_close", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await man3.flux_open(instance.uri, 0);
  assert.equal(await man3.flux_get_rank(h), 0);
  assert.equal(await man3.flux_get_size(h), 1);
  await man3.flux_close(h);
  assert.equal(h.status, "closed");
  await man3.flux_close(null);
  const before = process.env["FLUX_URI"];
  process.env["FLUX_URI"] = instance.uri;
  try {
    const other = await man3.flux_open(null, 0);
    assert.equal(other.uri, instance.uri);
    await man3.flux_close(other);
  } finally {
    if (before === undefined) delete process.env["FLUX_URI"];
    else process.env["FLUX_URI"] = before;
  }
  await rejects("EINVAL", man3.flux_open(instance.uri, 0x1000));
  await rejects("ENOENT", man3.flux_open("nosuch://x", 0));
});

test("flags of a handle", BOUNDED, async () => {
  const h = await man3.flux_open("loop://", FLUX_O_TEST_NOSUB);
  assert.equal(man3.flux_flags_get(h), FLUX_O_TEST_NOSUB);
  await man3.flux_event_subscribe(h, "t");
  await man3.flux_event_unsubscribe(h, "t");
  man3.flux_flags_set(h, FLUX_O_NONBLOCK | man3.FLUX_O_RPCTRACK);
  assert.equal(man3.flux_flags_get(h), FLUX_O_TEST_NOSUB | FLUX_O_NONBLOCK);
  await rejects("EAGAIN", man3.flux_recv(h, FLUX_MATCH_ANY, 0));
  man3.flux_flags_unset(h, FLUX_O_NONBLOCK);
  assert.equal(man3.flux_flags_get(h), FLUX_O_TEST_NOSUB);
  const text = await stderrOf(async () => {
    man3.flux_send(h, man3.flux_event_encode("quiet", null), 0);
    man3.flux_send(h, man3.flux_event_encode("one.tx", null), FLUX_O_TRACE);
    man3.flux_flags_set(h, FLUX_O_TRACE);
    man3.flux_send(h, man3.flux_event_encode("both", null), FLUX_O_TRACE);
    for (const _ of [1, 2, 3]) await man3.flux_recv(h, FLUX_MATCH_EVENT, 0);
  });
  assert.deepEqual(text.match(/[tr]x [a-z.]+/g), [
    "tx one.tx",
    "tx both",
    "rx quiet",
    "rx one.tx",
    "rx both",
  ]);
  await man3.flux_close(h);
});

test("flux_recv takes what matches and leaves the rest, in order", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  await man3.flux_event_subscribe(h, "");
  for (const topic of ["a", "b", "c", "b"]) await h.publish(topic);
  const b = man3.flux_match_init(0, 0, "b");
  const topic = async (match: man3.flux_match): Promise<string> =>
    man3.flux_msg_get_topic(await man3.flux_recv(h, match, FLUX_O_NONBLOCK));
  assert.equal(await topic(b), "b");
  assert.equal(await topic(FLUX_MATCH_ANY), "a");
  const c = await man3.flux_recv(h, FLUX_MATCH_EVENT, 0);
  man3.flux_requeue(h, c, man3.FLUX_RQ_TAIL);
  assert.equal(await topic(FLUX_MATCH_ANY), "b");
  assert.equal(await topic(FLUX_MATCH_ANY), "c");
  await rejects("EAGAIN", man3.flux_recv(h, FLUX_MATCH_ANY, FLUX_O_NONBLOCK));
  for (const event of ["x", "y"])
    man3.flux_requeue(h, man3.flux_event_encode(event, null), man3.FLUX_RQ_HEAD);
  assert.deepEqual([await topic(FLUX_MATCH_ANY), await topic(FLUX_MATCH_ANY)], ["y", "x"]);
  const [late, any] = [
    man3.flux_recv(h, man3.flux_match_init(0, 0, "z"), 0),
    man3.flux_recv(h, FLUX_MATCH_ANY, 0),
  ];
  await h.publish("y");
  await h.publish("z");
  assert.equal(man3.flux_msg_get_topic(await any), "y");
  assert.equal(man3.flux_msg_get_topic(await late), "z");
});

test("messages beyond the limit are lost, and flux_recv says so once", BOUNDED, async () => {
  const h = await man3.flux_open("loop://", FLUX_O_TEST_NOSUB);
  await man3.flux_event_subscribe(h, "");
  const event = man3.flux_event_encode("t", null);
  for (let i = 0; i < 65_536 + 3; i++) man3.flux_send(h, event, 0);
  await until(() => h.queuedBytes === 0, "all was sent");
  const error = await rejects("ENOBUFS", man3.flux_recv(h, FLUX_MATCH_ANY, FLUX_O_NONBLOCK));
  assert.match(error.message, /^3 messages were lost/);
  assert.equal(man3.flux_msg_get_topic(await man3.flux_recv(h, FLUX_MATCH_ANY, FLUX_O_NONBLOCK)), "t");
  await man3.flux_close(h);
});

test("what flux_send, flux_recv and flux_requeue refuse", BOUNDED, async () => {
  const h = await man3.flux_open("loop://", 0);
  const msg = man3.flux_event_encode("t", null);
  throws("EINVAL", () => man3.flux_send(NULL, msg, 0));
  throws("EINVAL", () => man3.flux_send(h, NULL, 0));
  throws("EINVAL", () => man3.flux_send(h, msg, FLUX_O_TEST_NOSUB));
  throws("EINVAL", () => man3.flux_send_new(h, msg, 0x1000));
  throws("EINVAL", () => man3.flux_requeue(h, msg, 0));
  throws("EINVAL", () => man3.flux_requeue(h, msg, 3));
  throws("EINVAL", () => man3.flux_requeue(NULL, msg, man3.FLUX_RQ_HEAD));
  throws("EINVAL", () => man3.flux_requeue(h, NULL, man3.FLUX_RQ_HEAD));
  await rejects("EINVAL", man3.flux_recv(NULL, FLUX_MATCH_ANY, 0));
  await rejects("EINVAL", man3.flux_recv(h, NULL, 0));
  await rejects("EINVAL", man3.flux_recv(h, FLUX_MATCH_ANY, FLUX_O_TEST_NOSUB));
  await man3.flux_close(h);
  throws("ECONNRESET", () => man3.flux_send(h, msg, 0));
});

test("FLUX_O_NONBLOCK refuses to queue more than the system takes", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  const big = man3.flux_request_encode_raw("broker.ping", new Uint8Array(1_000_000));
  man3.flux_msg_set_noresponse(big);
  const fill = (): void => {
    for (let left = 1000; left > 0; left--) man3.flux_send(h, big, FLUX_O_NONBLOCK);
  };
  throws("EAGAIN", fill);
  await h.writable();
  man3.flux_send(h, man3.flux_event_encode("t", null), FLUX_O_NONBLOCK);
  await h.ping();
});

test("attributes", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  assert.equal(await man3.flux_attr_get(h, "rank"), "0");
  await rejects("ENOENT", man3.flux_attr_get(h, "no.such"));
  await man3.flux_attr_set(h, "test.a", "5");
  await man3.flux_attr_set(h, "test.a", "6");
  assert.equal(await man3.flux_attr_get(h, "test.a"), "6");
  await man3.flux_attr_set(h, "test.a", null);
  await rejects("ENOENT", man3.flux_attr_get(h, "test.a"));
  await rejects("EINVAL", man3.flux_attr_set(h, "version", "1"));
  await man3.flux_attr_set_ex(h, "version", "1", true);
  assert.equal(await man3.flux_attr_get(h, "version"), "1");
  await rejects("EPERM", man3.flux_attr_set_ex(h, "rank", "1", true));
  await rejects("EINVAL", man3.flux_attr_get(NULL, "rank"));
  await rejects("EINVAL", man3.flux_attr_get(h, NULL));
  await rejects("EINVAL", man3.flux_attr_set(NULL, "a", "b"));
  await rejects("EINVAL", man3.flux_attr_set(h, NULL, "b"));
  await rejects("EINVAL", man3.flux_get_rank(NULL));
  await rejects("EINVAL", man3.flux_get_size(NULL));
});

test("services", BOUNDED, async () => {
  await using instance = await startInstance();
  const [h, other] = [await instance.connect(), await instance.connect()];
  await man3.flux_future_get(man3.flux_service_register(h, "svc"));
  await rejects("EEXIST", man3.flux_future_get(man3.flux_service_register(other, "svc")));
  await rejects("EINVAL", man3.flux_future_get(man3.flux_service_register(h, "a.b")));
  await rejects("ENOENT", man3.flux_future_get(man3.flux_service_unregister(other, "svc")));
  await man3.flux_future_get(man3.flux_service_unregister(h, "svc"));
  await man3.flux_future_get(man3.flux_service_register(other, "svc"));
  throws("EINVAL", () => man3.flux_service_register(NULL, "svc"));
  throws("EINVAL", () => man3.flux_service_register(h, NULL));
  throws("EINVAL", () => man3.flux_service_unregister(NULL, "svc"));
  throws("EINVAL", () => man3.flux_service_unregister(h, NULL));
});

test("the log", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  man3.flux_log_set_appname(h, "app");
  man3.flux_log_set_procid(h, "77");
  await man3.flux_log(h, man3.LOG_ERR, "%s has %d", "x", 3);
  const log = man3.flux_rpc_pack(
    h,
    "log.dmesg",
    man3.FLUX_NODEID_ANY,
    man3.FLUX_RPC_STREAMING,
    "{s:b}",
    "follow",
    false,
  );
  let text = "";
  for (let left = 100; left > 0; left--) {
    try {
      text += await man3.flux_rpc_get(log);
    } catch (error) {
      assert.equal((error as man3.FluxError).code, "ENODATA");
      break;
    }
    man3.flux_future_reset(log);
  }
  assert.match(text, /<24>1 \S+ 0 app 77 - - x has 3/);
  assert.equal(await stderrOf(() => man3.flux_log(null, man3.LOG_NOTICE, "%s", "text")), "notice: text\n");
  assert.equal(man3.flux_strerror(man3.errno.ENOSYS), "Function not implemented");
});
