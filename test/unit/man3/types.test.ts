import { test } from "node:test";
import { expectTypeOf } from "expect-type";
import type { Flux } from "../../../src/client/index.ts";
import * as man3 from "../../../src/doors/man3.ts";
import type { Message } from "../../../src/message/index.ts";

/** Calls in here are for the compiler only. */
function never(_calls: (h: man3.flux_t, msg: man3.flux_msg_t, f: man3.flux_future_t) => unknown): void {}

test("handles and messages are those of the idiomatic API", () => {
  expectTypeOf<man3.flux_t>().toEqualTypeOf<Flux>();
  expectTypeOf<man3.flux_msg_t>().toEqualTypeOf<Message>();
});

test("values follow from an unpack format", () => {
  never((_h, msg, f) => {
    expectTypeOf(man3.flux_event_decode(msg)).toEqualTypeOf<[topic: string, s: string | null]>();
    expectTypeOf(man3.flux_event_unpack(msg, "{s:i s?s}", "a", "b")).toEqualTypeOf<
      [topic: string, number, string | undefined]
    >();
    expectTypeOf(man3.flux_request_unpack(msg, "{s:b}", "a")).toEqualTypeOf<[topic: string, boolean]>();
    expectTypeOf(man3.flux_msg_unpack(msg, "{s:I}", "a")).toEqualTypeOf<[number | bigint]>();
    expectTypeOf(man3.flux_rpc_get_unpack(f, "{s:s}", "a")).toEqualTypeOf<Promise<[string]>>();
    expectTypeOf(man3.flux_rpc_get(f)).toEqualTypeOf<Promise<string | null>>();
    expectTypeOf(man3.flux_rpc_get_raw(f)).toEqualTypeOf<Promise<Uint8Array | null>>();
  });
});

test("the compiler checks formats against arguments", () => {
  never((h, msg, f) => {
    man3.flux_event_publish_pack(h, "t", 0, "{s:i}", "a", 1);
    // @ts-expect-error an argument is missing
    man3.flux_event_publish_pack(h, "t", 0, "{s:i}", "a");
    // @ts-expect-error an argument of the wrong type
    man3.flux_event_publish_pack(h, "t", 0, "{s:i}", "a", "b");
    // @ts-expect-error one argument too many
    man3.flux_event_publish_pack(h, "t", 0, "{s:i}", "a", 1, 2);
    // @ts-expect-error a bracket is missing
    man3.flux_event_publish_pack(h, "t", 0, "{s:i", "a", 1);
    // @ts-expect-error an argument of the wrong type
    man3.flux_event_pack("t", "{s:s}", "a", 1);
    // @ts-expect-error an argument of the wrong type
    man3.flux_respond_pack(h, msg, "{s:s}", "a", 1);
    // @ts-expect-error no such specifier
    man3.flux_respond_pack(h, msg, "{s:x}", "a", 1);
    // @ts-expect-error an argument of the wrong type
    man3.flux_rpc_pack(h, "t", 0, 0, "{s:b}", "a", 1);
    // @ts-expect-error an argument of the wrong type
    man3.flux_msg_pack(msg, "{s:f}", "a", "1");
    // @ts-expect-error a key is missing
    man3.flux_event_unpack(msg, "{s:i}");
    // @ts-expect-error one key too many
    man3.flux_request_unpack(msg, "{s:i}", "a", "b");
    // @ts-expect-error a bracket is missing
    man3.flux_msg_unpack(msg, "{s:i", "a");
    // @ts-expect-error a key is no string
    return man3.flux_rpc_get_unpack(f, "{s:i}", 1);
  });
});

test("the compiler refuses what C takes as NULL and this door does not", () => {
  never((h, msg) => {
    // @ts-expect-error a handle is needed
    man3.flux_event_publish(null, "t", 0, null);
    // @ts-expect-error a topic is needed
    man3.flux_event_publish(h, null, 0, null);
    // @ts-expect-error the payload is said, if only as null
    man3.flux_event_publish(h, "t", 0);
    // @ts-expect-error bytes are needed
    man3.flux_event_publish_raw(h, "t", 0, "text");
    // @ts-expect-error a string is needed
    man3.flux_respond(h, msg, new Uint8Array(1));
    // @ts-expect-error a request is needed
    man3.flux_respond(h, null, "s");
    // @ts-expect-error a number is needed
    man3.flux_respond_error(h, msg, "ENOENT", null);
    // @ts-expect-error the flags are said
    man3.flux_send(h, msg);
  });
});
