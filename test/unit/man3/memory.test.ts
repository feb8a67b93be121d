import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ByteSink } from "../../../src/base/index.ts";
import * as man3 from "../../../src/doors/man3.ts";
import { Message } from "../../../src/message/index.ts";
import { BOUNDED, throws } from "../../helpers/man3.ts";

const { FLUX_NODEID_ANY } = man3;

/** Takes the memory that sinks before kept to use again, so that the next one has to ask for more. */
function takeSpares(bytes: number): ByteSink[] {
  return Array.from({ length: 8 }, () => {
    const sink = new ByteSink();
    sink.reserve(bytes);
    return sink;
  });
}

/** Has the host refuse the memory of large arrays, as it does when there is none. */
function refuseMemory(context: TestContext): void {
  context.mock.method(Buffer, "allocUnsafeSlow", (size: number) => {
    throw new RangeError(`Array buffer allocation of ${size} bytes failed`);
  });
}

test("memory refused gives ENOMEM, and nothing is sent", BOUNDED, async (context) => {
  const h = await man3.flux_open("loop://", 0);
  const data = new Uint8Array(10_000);
  const text = "x".repeat(10_000);
  const request = man3.flux_request_encode("t", null);
  const msg = man3.flux_msg_create(man3.FLUX_MSGTYPE_REQUEST);
  const held = takeSpares(10_100);
  refuseMemory(context);
  const calls = [
    () => man3.flux_event_publish(h, "t", 0, text),
    () => man3.flux_event_publish_pack(h, "t", 0, "{s:s}", "a", text),
    () => man3.flux_event_publish_raw(h, "t", 0, data),
    () => man3.flux_event_encode("t", text),
    () => man3.flux_event_encode_raw("t", data),
    () => man3.flux_event_pack("t", "{s:s}", "a", text),
    () => man3.flux_respond(h, request, text),
    () => man3.flux_respond_pack(h, request, "{s:s}", "a", text),
    () => man3.flux_respond_raw(h, request, data),
    () => man3.flux_respond_error(h, request, man3.errno.EPERM, text),
    () => man3.flux_request_encode("t", text),
    () => man3.flux_request_encode_raw("t", data),
    () => man3.flux_response_encode("t", text),
    () => man3.flux_response_encode_raw("t", data),
    () => man3.flux_response_encode_error("t", man3.errno.EPERM, text),
    () => man3.flux_rpc(h, "t", text, FLUX_NODEID_ANY, 0),
    () => man3.flux_rpc_pack(h, "t", FLUX_NODEID_ANY, 0, "{s:s}", "a", text),
    () => man3.flux_rpc_raw(h, "t", data, FLUX_NODEID_ANY, 0),
    () => man3.flux_msg_set_topic(msg, text),
    () => man3.flux_msg_set_string(msg, text),
    () => man3.flux_msg_set_payload(msg, data),
    () => man3.flux_msg_pack(msg, "{s:s}", "a", text),
    () => man3.flux_msg_decode(data),
    () => man3.flux_msg_encode(Message.request({ topic: "t", payload: data })),
  ];
  for (const call of calls) throws("ENOMEM", call);
  assert.deepEqual([h.pending, h.queuedBytes], [0, 0]);
  assert.deepEqual([msg.topic, msg.payload], [undefined, undefined]);
  context.mock.restoreAll();
  assert(held.every(({ length }) => length === 10_100));
  man3.flux_respond(h, request, text);
  await man3.flux_close(h);
});

test(
  "an event too large for a text of this host is ENOMEM, without touching its bytes",
  BOUNDED,
  async () => {
    const h = await man3.flux_open("loop://", 0);
    const data = new Uint8Array(402_653_184);
    throws("ENOMEM", () => man3.flux_event_publish_raw(h, "t", 0, data));
    await man3.flux_close(h);
  },
);
