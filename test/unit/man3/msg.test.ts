import assert from "node:assert/strict";
import { test } from "node:test";
import * as man3 from "../../../src/doors/man3.ts";
import { NULL, numbers, throws } from "../../helpers/man3.ts";

const { errno, FLUX_MSGTYPE_CONTROL, FLUX_MSGTYPE_EVENT, FLUX_MSGTYPE_REQUEST, FLUX_MSGTYPE_RESPONSE } = man3;
const TYPES = [FLUX_MSGTYPE_REQUEST, FLUX_MSGTYPE_RESPONSE, FLUX_MSGTYPE_EVENT, FLUX_MSGTYPE_CONTROL];

test("flux_msg_create: a message with nothing in it", () => {
  for (const type of TYPES) {
    const msg = man3.flux_msg_create(type);
    assert.equal(man3.flux_msg_get_type(msg), type);
    assert.equal(man3.flux_msg_get_userid(msg), man3.FLUX_USERID_UNKNOWN);
    assert.equal(man3.flux_msg_get_rolemask(msg), man3.FLUX_ROLE_NONE);
    assert.equal(man3.flux_msg_has_flag(msg, 0xff), false);
    assert.equal(man3.flux_msg_has_payload(msg), false);
    throws("EPROTO", () => man3.flux_msg_get_topic(msg));
    throws("EPROTO", () => man3.flux_msg_get_payload(msg));
    throws("EPROTO", () => man3.flux_msg_route_count(msg));
    assert.equal(man3.flux_msg_get_string(msg), null);
  }
  assert.equal(man3.flux_msg_get_nodeid(man3.flux_msg_create(FLUX_MSGTYPE_REQUEST)), man3.FLUX_NODEID_ANY);
  for (const type of [0, 3, 5, 16, -1]) throws("EINVAL", () => man3.flux_msg_create(type));
  assert.deepEqual([...TYPES, 16].map(man3.flux_msg_typestr), [
    "request",
    "response",
    "event",
    "control",
    "unknown",
  ]);
});

test("the fields that only some types have", () => {
  const [request, response, event, control] = TYPES.map(man3.flux_msg_create) as [
    man3.flux_msg_t,
    man3.flux_msg_t,
    man3.flux_msg_t,
    man3.flux_msg_t,
  ];
  man3.flux_msg_set_nodeid(request, 3);
  assert.equal(man3.flux_msg_get_nodeid(request), 3);
  man3.flux_msg_set_nodeid(request, -1);
  assert.equal(man3.flux_msg_get_nodeid(request), man3.FLUX_NODEID_ANY);
  throws("EINVAL", () => man3.flux_msg_set_nodeid(request, man3.FLUX_NODEID_UPSTREAM));
  man3.flux_msg_set_errnum(response, errno.ENOENT);
  assert.equal(man3.flux_msg_get_errnum(response), errno.ENOENT);
  man3.flux_msg_set_seq(event, 0xffffffff);
  assert.equal(man3.flux_msg_get_seq(event), 0xffffffff);
  man3.flux_msg_set_control(control, 1, 2);
  assert.deepEqual(man3.flux_msg_get_control(control), [1, 2]);
  for (const msg of [request, response]) {
    man3.flux_msg_set_matchtag(msg, 7);
    assert.equal(man3.flux_msg_get_matchtag(msg), 7);
  }
  const table = [
    [request, man3.flux_msg_get_nodeid, man3.flux_msg_set_nodeid],
    [response, man3.flux_msg_get_errnum, man3.flux_msg_set_errnum],
    [event, man3.flux_msg_get_seq, man3.flux_msg_set_seq],
    [control, man3.flux_msg_get_control, (msg: man3.flux_msg_t) => man3.flux_msg_set_control(msg, 1, 1)],
  ] as const;
  for (const [owner, get, set] of table) {
    for (const msg of [request, response, event, control]) {
      if (msg === owner) continue;
      throws("EPROTO", () => get(msg));
      throws("EINVAL", () => set(msg, 1));
    }
    throws("EINVAL", () => get(NULL));
    throws("EINVAL", () => set(NULL, 1));
  }
  for (const msg of [event, control]) {
    throws("EPROTO", () => man3.flux_msg_get_matchtag(msg));
    throws("EINVAL", () => man3.flux_msg_set_matchtag(msg, 1));
  }
  man3.flux_msg_set_type(request, FLUX_MSGTYPE_RESPONSE);
  assert.equal(man3.flux_msg_get_errnum(request), 0);
  assert.equal(man3.flux_msg_get_matchtag(request), 7);
  man3.flux_msg_set_type(request, FLUX_MSGTYPE_EVENT);
  assert.equal(man3.flux_msg_get_seq(request), 0);
  throws("EINVAL", () => man3.flux_msg_set_type(request, 3));
});

test("flags", () => {
  const msg = man3.flux_request_encode("t", "s");
  const all = man3.FLUX_MSGFLAG_TOPIC | man3.FLUX_MSGFLAG_PAYLOAD | man3.FLUX_MSGFLAG_ROUTE;
  assert.equal(msg.flags, all);
  man3.flux_msg_set_streaming(msg);
  assert.equal(man3.flux_msg_is_streaming(msg), true);
  man3.flux_msg_set_noresponse(msg);
  assert.deepEqual([man3.flux_msg_is_noresponse(msg), man3.flux_msg_is_streaming(msg)], [true, false]);
  man3.flux_msg_set_streaming(msg);
  assert.deepEqual([man3.flux_msg_is_noresponse(msg), man3.flux_msg_is_streaming(msg)], [false, true]);
  man3.flux_msg_set_private(msg);
  assert.equal(man3.flux_msg_is_private(msg), true);
  man3.flux_msg_set_flag(msg, man3.FLUX_MSGFLAG_USER1 | man3.FLUX_MSGFLAG_UPSTREAM);
  assert.equal(man3.flux_msg_has_flag(msg, man3.FLUX_MSGFLAG_USER1 | man3.FLUX_MSGFLAG_NORESPONSE), true);
  man3.flux_msg_clear_flag(msg, man3.FLUX_MSGFLAG_USER1);
  assert.equal(man3.flux_msg_has_flag(msg, man3.FLUX_MSGFLAG_USER1), false);
  throws("EINVAL", () => man3.flux_msg_set_flag(msg, 0x100));
  throws("EINVAL", () =>
    man3.flux_msg_set_flag(msg, man3.FLUX_MSGFLAG_NORESPONSE | man3.FLUX_MSGFLAG_STREAMING),
  );
  throws("EINVAL", () => man3.flux_msg_clear_flag(msg, 0x100));
  man3.flux_msg_clear_flag(msg, all);
  assert.deepEqual([msg.topic, msg.payload, msg.routes], [undefined, undefined, undefined]);
  throws("EINVAL", () => man3.flux_msg_set_flag(msg, man3.FLUX_MSGFLAG_TOPIC));
  man3.flux_msg_set_flag(msg, man3.FLUX_MSGFLAG_ROUTE);
  assert.equal(man3.flux_msg_route_count(msg), 0);
  for (const call of [man3.flux_msg_set_private, man3.flux_msg_set_streaming, man3.flux_msg_set_noresponse]) {
    throws("EINVAL", () => call(NULL));
  }
  assert.equal(man3.flux_msg_is_private(NULL), false);
});

test("topic and payload", () => {
  const msg = man3.flux_msg_create(FLUX_MSGTYPE_REQUEST);
  man3.flux_msg_set_topic(msg, "a.b");
  man3.flux_msg_set_topic(msg, "a.bc");
  assert.equal(man3.flux_msg_get_topic(msg), "a.bc");
  man3.flux_msg_set_string(msg, "text");
  assert.equal(man3.flux_msg_get_string(msg), "text");
  assert.deepEqual(numbers(man3.flux_msg_get_payload(msg)), [116, 101, 120, 116, 0]);
  man3.flux_msg_set_payload(msg, new Uint8Array([1, 2]));
  assert.deepEqual(numbers(man3.flux_msg_get_payload(msg)), [1, 2]);
  throws("EPROTO", () => man3.flux_msg_get_string(msg));
  man3.flux_msg_pack(msg, "{s:i s:{s:s}}", "a", 1, "b", "c", "d");
  assert.equal(man3.flux_msg_get_string(msg), '{"a":1,"b":{"c":"d"}}');
  assert.deepEqual(man3.flux_msg_unpack(msg, "{s:{s:s} s?i}", "b", "c", "none"), ["d", undefined]);
  throws("EPROTO", () => man3.flux_msg_unpack(msg, "{s:s}", "a"));
  throws("EINVAL", () => man3.flux_msg_pack(msg, "[i]", 1));
  throws("EINVAL", () => man3.flux_msg_pack(msg, NULL));
  throws("EINVAL", () => man3.flux_msg_unpack(msg, "" as string));
  throws("EINVAL", () => man3.flux_msg_set_topic(msg, "a\0b"));
  throws("EINVAL", () => man3.flux_msg_set_string(msg, "a\0b"));
  assert.equal(man3.flux_msg_get_topic(msg), "a.bc");
  man3.flux_msg_set_payload(msg, null);
  man3.flux_msg_set_topic(msg, null);
  assert.equal(man3.flux_msg_has_payload(msg), false);
  throws("EPROTO", () => man3.flux_msg_get_topic(msg));
  throws("EPROTO", () => man3.flux_msg_unpack(msg, "{}"));
  throws("EINVAL", () => man3.flux_msg_set_topic(man3.flux_msg_create(FLUX_MSGTYPE_CONTROL), "t"));
});

test("routes", () => {
  const msg = man3.flux_msg_create(FLUX_MSGTYPE_REQUEST);
  const other = man3.flux_msg_create(FLUX_MSGTYPE_REQUEST);
  throws("EPROTO", () => man3.flux_msg_route_push(msg, "a"));
  throws("EPROTO", () => man3.flux_msg_route_delete_last(msg));
  throws("EPROTO", () => man3.flux_msg_route_string(msg));
  assert.equal(man3.flux_msg_route_first(msg), null);
  man3.flux_msg_route_enable(msg);
  assert.equal(man3.flux_msg_route_match_first(msg, other), true);
  for (const id of ["first", "0123456789", "last"]) man3.flux_msg_route_push(msg, id);
  man3.flux_msg_route_enable(msg);
  assert.equal(man3.flux_msg_route_count(msg), 3);
  assert.equal(man3.flux_msg_route_first(msg), "first");
  assert.equal(man3.flux_msg_route_last(msg), "last");
  assert.equal(man3.flux_msg_route_string(msg), "first!01234567!last");
  assert.equal(man3.flux_msg_route_match_first(msg, other), false);
  man3.flux_msg_route_delete_last(msg);
  assert.equal(man3.flux_msg_route_last(msg), "0123456789");
  throws("EINVAL", () => man3.flux_msg_route_push(msg, ""));
  throws("EINVAL", () => man3.flux_msg_route_push(msg, NULL));
  man3.flux_msg_route_clear(msg);
  assert.equal(man3.flux_msg_route_count(msg), 0);
  man3.flux_msg_route_delete_last(msg);
  man3.flux_msg_route_disable(msg);
  throws("EPROTO", () => man3.flux_msg_route_count(msg));
});

test("credentials", () => {
  const msg = man3.flux_request_encode("t", null);
  man3.flux_msg_set_cred(msg, { userid: 42, rolemask: man3.FLUX_ROLE_USER });
  assert.deepEqual(man3.flux_msg_get_cred(msg), { userid: 42, rolemask: man3.FLUX_ROLE_USER });
  man3.flux_msg_authorize(msg, 42);
  throws("EPERM", () => man3.flux_msg_authorize(msg, 43));
  throws("EPERM", () => man3.flux_msg_cred_authorize({ userid: 42, rolemask: man3.FLUX_ROLE_LOCAL }, 42));
  man3.flux_msg_set_rolemask(msg, man3.FLUX_ROLE_OWNER | man3.FLUX_ROLE_LOCAL);
  man3.flux_msg_set_userid(msg, 1);
  man3.flux_msg_authorize(msg, 43);
  assert.equal(man3.flux_msg_is_local(msg), true);
  throws("EINVAL", () => man3.flux_msg_authorize(NULL, 1));
  throws("EINVAL", () => man3.flux_msg_set_cred(msg, NULL));
});

test("a message survives encoding, copying and editing of the copy", () => {
  const msg = man3.flux_request_encode("a.b", "text");
  man3.flux_msg_route_push(msg, "client");
  man3.flux_msg_set_matchtag(msg, 9);
  const buf = man3.flux_msg_encode(msg);
  const decoded = man3.flux_msg_decode(buf);
  buf.fill(0);
  for (const same of [decoded, man3.flux_msg_copy(msg, true)]) {
    assert.deepEqual(man3.flux_request_decode(same), ["a.b", "text"]);
    assert.equal(man3.flux_msg_get_matchtag(same), 9);
    assert.equal(man3.flux_msg_route_first(same), "client");
    man3.flux_msg_set_topic(same, "other");
    man3.flux_msg_set_string(same, "other");
    man3.flux_msg_route_clear(same);
    assert.deepEqual(man3.flux_request_decode(man3.flux_msg_decode(man3.flux_msg_encode(same))), [
      "other",
      "other",
    ]);
  }
  assert.deepEqual(man3.flux_request_decode(msg), ["a.b", "text"]);
  const bare = man3.flux_msg_copy(msg, false);
  assert.deepEqual(man3.flux_request_decode(bare), ["a.b", null]);
  assert.equal(man3.flux_msg_has_payload(bare), false);
  assert.equal(man3.flux_msg_incref(msg), msg);
  man3.flux_msg_decref(msg);
  man3.flux_msg_destroy(msg);
  assert.equal(man3.flux_msg_get_topic(msg), "a.b");
});

test("malformed bytes: EPROTO, and EINVAL where a part is cut off", () => {
  const buf = man3.flux_msg_encode(man3.flux_request_encode("a.b", "text"));
  throws("EINVAL", () => man3.flux_msg_decode(buf.subarray(0, buf.length - 1)));
  throws("EPROTO", () => man3.flux_msg_decode(new Uint8Array(0)));
  const magic = buf.slice();
  magic[magic.length - 20]! ^= 0xff;
  throws("EPROTO", () => man3.flux_msg_decode(magic));
  throws("EINVAL", () => man3.flux_msg_decode(NULL));
  throws("EINVAL", () => man3.flux_msg_decode("text" as never));
  throws("EINVAL", () => man3.flux_msg_encode(NULL));
  throws("EINVAL", () => man3.flux_msg_copy(NULL, true));
  throws("EINVAL", () => man3.flux_msg_incref(NULL));
});

test("requests and responses: encode and decode", () => {
  const data = new Uint8Array([1]);
  assert.deepEqual(man3.flux_request_decode(man3.flux_request_encode("t", null)), ["t", null]);
  assert.deepEqual(numbers(man3.flux_request_decode_raw(man3.flux_request_encode_raw("t", data))[1]), [1]);
  assert.deepEqual(man3.flux_request_decode_raw(man3.flux_request_encode_raw("t", null)), ["t", null]);
  assert.deepEqual(man3.flux_request_unpack(man3.flux_request_encode("t", '{"a":1}'), "{s:i}", "a"), [
    "t",
    1,
  ]);
  assert.deepEqual(man3.flux_response_decode(man3.flux_response_encode("t", "s")), ["t", "s"]);
  assert.deepEqual(man3.flux_response_decode_raw(man3.flux_response_encode_raw("t", null)), ["t", null]);
  const failed = man3.flux_response_encode_error("t", errno.ENOENT, "none");
  assert.equal(throws("ENOENT", () => man3.flux_response_decode(failed)).text, "none");
  assert.equal(throws("ENOENT", () => man3.flux_response_decode_raw(failed)).text, "none");
  assert.equal(man3.flux_response_decode_error(failed), "none");
  const bare = man3.flux_response_encode_error("t", errno.EPERM, null);
  man3.flux_msg_set_payload(bare, data);
  assert.equal(throws("EPERM", () => man3.flux_response_decode(bare)).text, undefined);
  throws("ENOENT", () => man3.flux_response_decode_error(man3.flux_response_encode("t", "s")));
  throws("ENOENT", () => man3.flux_response_decode_error(man3.flux_response_encode_error("t", 1, null)));
  throws("EINVAL", () => man3.flux_response_encode_error("t", 0, null));
  const request = man3.flux_request_encode("t", "s");
  man3.flux_msg_set_matchtag(request, 5);
  man3.flux_msg_set_streaming(request);
  const derived = man3.flux_response_derive(request, errno.EPERM);
  assert.deepEqual(
    [
      man3.flux_msg_get_errnum(derived),
      man3.flux_msg_get_matchtag(derived),
      man3.flux_msg_get_string(derived),
    ],
    [errno.EPERM, 5, null],
  );
  assert.equal(man3.flux_msg_is_streaming(derived), true);
  man3.flux_msg_set_noresponse(request);
  throws("EINVAL", () => man3.flux_response_derive(request, 0));
  const event = man3.flux_event_encode("t", null);
  for (const decode of [
    man3.flux_request_decode,
    man3.flux_request_decode_raw,
    man3.flux_response_decode,
    man3.flux_response_decode_raw,
    man3.flux_response_decode_error,
  ]) {
    throws("EPROTO", () => decode(event));
    throws("EINVAL", () => decode(NULL));
  }
  throws("EPROTO", () => man3.flux_request_unpack(event, "{}"));
  throws("EPROTO", () => man3.flux_request_decode(man3.flux_msg_create(FLUX_MSGTYPE_REQUEST)));
  throws("EPROTO", () => man3.flux_response_decode(man3.flux_msg_create(FLUX_MSGTYPE_RESPONSE)));
  throws("EINVAL", () => man3.flux_request_encode(NULL, null));
  throws("EINVAL", () => man3.flux_request_encode_raw(NULL, null));
  throws("EINVAL", () => man3.flux_response_encode(NULL, null));
  throws("EINVAL", () => man3.flux_response_derive(NULL, 0));
});

test("flux_msg_cmp", () => {
  const msg = man3.flux_request_encode("a.b.c", null);
  man3.flux_msg_set_matchtag(msg, 3);
  const cmp = (typemask: number, matchtag: number, glob: string | null): boolean =>
    man3.flux_msg_cmp(msg, man3.flux_match_init(typemask, matchtag, glob));
  assert.equal(man3.flux_msg_cmp(msg, man3.FLUX_MATCH_ANY), true);
  assert.equal(man3.flux_msg_cmp(msg, man3.FLUX_MATCH_REQUEST), true);
  assert.equal(man3.flux_msg_cmp(msg, man3.FLUX_MATCH_EVENT), false);
  assert.equal(man3.flux_msg_cmp(msg, man3.FLUX_MATCH_RESPONSE), false);
  assert.equal(cmp(0, 0, ""), true);
  assert.equal(cmp(0, 0, "a.*"), true);
  assert.equal(cmp(0, 0, "a.b.?"), true);
  assert.equal(cmp(0, 0, "a.b"), false);
  assert.equal(cmp(0, 3, null), true);
  assert.equal(cmp(0, 4, null), false);
  man3.flux_msg_route_push(msg, "x");
  assert.equal(cmp(0, 3, null), false);
  assert.equal(man3.flux_msg_cmp(man3.flux_event_encode("t", null), man3.flux_match_init(0, 3, null)), false);
  const bare = man3.flux_msg_create(FLUX_MSGTYPE_EVENT);
  assert.equal(man3.flux_msg_cmp(bare, man3.flux_match_init(0, 0, "*")), true);
  assert.equal(man3.flux_msg_cmp(bare, man3.flux_match_init(0, 0, "t*")), false);
  throws("EINVAL", () => man3.flux_msg_cmp(NULL, man3.FLUX_MATCH_ANY));
});

test("flux_msg_unpack: a request that was received has the limits of a service", () => {
  const json = `{"a":[${"0,".repeat(70_000)}0]}`;
  const of = (type: number, rolemask: number) => {
    const msg = man3.flux_msg_create(type);
    man3.flux_msg_set_rolemask(msg, rolemask);
    man3.flux_msg_set_string(msg, json);
    return () => man3.flux_msg_unpack(msg, "{s:o}", "a");
  };
  throws("EMSGSIZE", of(FLUX_MSGTYPE_REQUEST, man3.FLUX_ROLE_USER));
  for (const [type, role] of [
    [FLUX_MSGTYPE_REQUEST, man3.FLUX_ROLE_OWNER],
    [FLUX_MSGTYPE_REQUEST, man3.FLUX_ROLE_NONE],
    [FLUX_MSGTYPE_EVENT, man3.FLUX_ROLE_USER],
  ] as const)
    assert.equal((of(type, role)()[0] as unknown[]).length, 70_001);
});
