import assert from "node:assert/strict";
import { test } from "node:test";
import * as man3 from "../../../src/doors/man3.ts";
import { Message } from "../../../src/message/index.ts";
import { startInstance } from "../../helpers/instance.ts";
import { BOUNDED, NULL, numbers, rejects, throws } from "../../helpers/man3.ts";

const { FLUX_MATCH_EVENT, FLUX_MSGFLAG_PRIVATE, FLUX_O_NONBLOCK } = man3;
const bytes = new Uint8Array([0, 255, 1]);

test(
  "flux_event_publish and its kin: string, object, bytes and nothing arrive as they were sent",
  BOUNDED,
  async () => {
    await using instance = await startInstance();
    const h = await instance.connect();
    await man3.flux_event_subscribe(h, "a.");
    const futures = [
      man3.flux_event_publish(h, "a.s", 0, "text"),
      man3.flux_event_publish(h, "a.null", 0, null),
      man3.flux_event_publish_pack(h, "a.pack", 0, "{s:i s:s}", "id", 7, "host", "n"),
      man3.flux_event_publish_pack(h, "a.array", 0, "[i,b]", 7, true),
      man3.flux_event_publish_raw(h, "a.raw", 0, bytes),
      man3.flux_event_publish_raw(h, "a.empty", 0, new Uint8Array(0)),
      man3.flux_event_publish_raw(h, "a.none", FLUX_MSGFLAG_PRIVATE, null),
    ];
    const seqs = await Promise.all(futures.map(man3.flux_event_publish_get_seq));
    assert.deepEqual(seqs, [1, 2, 3, 4, 5, 6, 7]);
    const events: Message[] = [];
    for (const _ of futures) events.push(await man3.flux_recv(h, FLUX_MATCH_EVENT, FLUX_O_NONBLOCK));
    assert.deepEqual(events.map(man3.flux_msg_get_seq), seqs);
    assert.deepEqual(man3.flux_event_decode(events[0]!), ["a.s", "text"]);
    assert.deepEqual(man3.flux_event_decode(events[1]!), ["a.null", null]);
    assert.deepEqual(man3.flux_event_unpack(events[2]!, "{s:s s:i}", "host", "id"), ["a.pack", "n", 7]);
    assert.deepEqual(man3.flux_event_decode(events[3]!), ["a.array", "[7,true]"]);
    const [topic, data] = man3.flux_event_decode_raw(events[4]!);
    assert.deepEqual([topic, numbers(data)], ["a.raw", [0, 255, 1]]);
    assert.deepEqual(man3.flux_event_decode_raw(events[5]!), ["a.empty", null]);
    assert.deepEqual(man3.flux_event_decode_raw(events[6]!), ["a.none", null]);
    assert.deepEqual(events.map(man3.flux_msg_is_private), [false, false, false, false, false, false, true]);
  },
);

test("flags of an event other than 0 and PRIVATE are EINVAL, and nothing is sent", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  for (const flags of [1, 2, 4, 8, 0x10, 0x40, 0x80, 0x100, 0x21, -1, 0.5, Number.NaN]) {
    throws("EINVAL", () => man3.flux_event_publish(h, "t", flags, "s"));
    throws("EINVAL", () => man3.flux_event_publish_pack(h, "t", flags, "{}"));
    throws("EINVAL", () => man3.flux_event_publish_raw(h, "t", flags, bytes));
  }
  assert.equal(h.pending, 0);
  assert.equal(await man3.flux_event_publish_get_seq(man3.flux_event_publish(h, "t", 0, null)), 1);
});

test("NULL and what C can't have are EINVAL", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  throws("EINVAL", () => man3.flux_event_publish(NULL, "t", 0, "s"));
  throws("EINVAL", () => man3.flux_event_publish(h, NULL, 0, "s"));
  throws("EINVAL", () => man3.flux_event_publish(h, "t\0", 0, "s"));
  throws("EINVAL", () => man3.flux_event_publish(h, 5 as never, 0, "s"));
  throws("EINVAL", () => man3.flux_event_publish(h, "t", 0, "a\0b"));
  throws("EINVAL", () => man3.flux_event_publish_pack(NULL, "t", 0, "{}"));
  throws("EINVAL", () => man3.flux_event_publish_pack(h, NULL, 0, "{}"));
  throws("EINVAL", () => man3.flux_event_publish_pack(h, "t", 0, NULL));
  throws("EINVAL", () => man3.flux_event_publish_pack(h, "t", 0, "{s:i" as string, "a", 1));
  throws("EINVAL", () => man3.flux_event_publish_pack(h, "t", 0, "i", 5));
  throws("EINVAL", () => man3.flux_event_publish_raw(NULL, "t", 0, bytes));
  throws("EINVAL", () => man3.flux_event_publish_raw(h, NULL, 0, bytes));
  throws("EINVAL", () => man3.flux_event_publish_raw(h, "t", 0, "s" as never));
  await rejects("EINVAL", man3.flux_event_publish_get_seq(NULL));
  await rejects("EINVAL", man3.flux_event_subscribe(NULL, "t"));
  await rejects("EINVAL", man3.flux_event_subscribe(h, NULL));
  await rejects("EINVAL", man3.flux_event_unsubscribe(NULL, "t"));
  await rejects("EINVAL", man3.flux_event_unsubscribe(h, NULL));
  throws("EINVAL", () => man3.flux_event_subscribe_ex(h, "t", 4));
  throws("EINVAL", () => man3.flux_event_encode(NULL, null));
  throws("EINVAL", () => man3.flux_event_encode_raw(NULL, null));
  throws("EINVAL", () => man3.flux_event_pack(NULL, "{}"));
  throws("EINVAL", () => man3.flux_event_pack("t", NULL));
  throws("EINVAL", () => man3.flux_event_pack("t", "[i]", 1));
  throws("EINVAL", () => man3.flux_event_decode(NULL));
  throws("EINVAL", () => man3.flux_event_decode_raw(NULL));
  throws("EINVAL", () => man3.flux_event_unpack(NULL, "{}"));
  throws("EINVAL", () => man3.flux_event_unpack(man3.flux_event_encode("t", "{}"), NULL));
  throws("EINVAL", () => man3.flux_event_unpack(man3.flux_event_encode("t", "{}"), "" as string));
});

test("what is no event, and a payload of another kind, are EPROTO", () => {
  const request = man3.flux_request_encode("t", "{}");
  throws("EPROTO", () => man3.flux_event_decode(request));
  throws("EPROTO", () => man3.flux_event_decode_raw(request));
  throws("EPROTO", () => man3.flux_event_unpack(request, "{}"));
  throws("EPROTO", () => man3.flux_event_decode(Message.event({})));
  throws("EPROTO", () => man3.flux_event_decode(man3.flux_event_encode_raw("t", bytes)));
  throws("EPROTO", () => man3.flux_event_unpack(man3.flux_event_encode("t", null), "{}"));
  throws("EPROTO", () => man3.flux_event_unpack(man3.flux_event_encode("t", "{"), "{}"));
  throws("EPROTO", () => man3.flux_event_unpack(man3.flux_event_encode("t", "[1]"), "[i]"));
  throws("EPROTO", () => man3.flux_event_unpack(man3.flux_event_pack("t", "{s:i}", "a", 1), "{s:s}", "a"));
});

test("a publication that rank 0 finds malformed is EPROTO", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  const f = man3.flux_rpc_pack(h, "event.publish", 0, 0, "{s:s s:i}", "topic", "t", "flags", 0x40);
  await rejects("EPROTO", man3.flux_event_publish_get_seq(f));
});

test("flux_event_encode and flux_send publish without confirmation", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  await man3.flux_event_subscribe(h, "");
  man3.flux_send(h, man3.flux_event_encode("one", "s"), 0);
  man3.flux_send(h, man3.flux_event_pack("two", "{s:i}", "a", 1), 0);
  man3.flux_send_new(h, man3.flux_event_encode_raw("three", bytes), 0);
  const [one, two, three] = [
    await man3.flux_recv(h, FLUX_MATCH_EVENT, 0),
    await man3.flux_recv(h, FLUX_MATCH_EVENT, 0),
    await man3.flux_recv(h, FLUX_MATCH_EVENT, 0),
  ];
  assert.deepEqual(man3.flux_event_decode(one), ["one", "s"]);
  assert.deepEqual(man3.flux_event_unpack(two, "{s:i}", "a"), ["two", 1]);
  assert.deepEqual(numbers(man3.flux_event_decode_raw(three)[1]), [0, 255, 1]);
  assert.deepEqual([one, two, three].map(man3.flux_msg_get_seq), [1, 2, 3]);
});

test("subscriptions match by prefix, count, and deliver an event once", BOUNDED, async () => {
  await using instance = await startInstance();
  const h = await instance.connect();
  const publish = async (topic: string): Promise<number> =>
    man3.flux_event_publish_get_seq(man3.flux_event_publish(h, topic, 0, null));
  const topics = async (): Promise<string[]> => {
    const found: string[] = [];
    for (let left = 10; left > 0; left--) {
      try {
        found.push(man3.flux_msg_get_topic(await man3.flux_recv(h, FLUX_MATCH_EVENT, FLUX_O_NONBLOCK)));
      } catch (error) {
        assert.equal((error as man3.FluxError).code, "EAGAIN");
        break;
      }
    }
    return found;
  };
  await man3.flux_event_subscribe(h, "foo.");
  await man3.flux_event_subscribe(h, "foo.");
  await man3.flux_event_subscribe(h, "foo.b");
  for (const topic of ["foo", "foo.bar", "foo.a", "foobar"]) await publish(topic);
  assert.deepEqual(await topics(), ["foo.bar", "foo.a"]);
  await man3.flux_event_unsubscribe(h, "foo.");
  await man3.flux_event_unsubscribe(h, "foo.b");
  await publish("foo.bar");
  assert.deepEqual(await topics(), ["foo.bar"]);
  await man3.flux_future_get(man3.flux_event_unsubscribe_ex(h, "foo.", 0));
  await publish("foo.bar");
  assert.deepEqual(await topics(), []);
  await rejects("ENOENT", man3.flux_event_unsubscribe(h, "never"));
});
