import assert from "node:assert/strict";
import { test } from "node:test";
import { Request } from "../../../src/client/index.ts";
import { Message, MessageFlag } from "../../../src/message/index.ts";

test("only a request can be answered", () => {
  for (const message of [
    Message.event({ topic: "a" }),
    Message.response({ topic: "a" }),
    Message.control({ controlType: 1, status: 0 }),
  ])
    assert.throws(() => new Request(message, undefined), { code: "EPROTO" });
  const quiet = new Request(Message.request({ topic: "a", flags: MessageFlag.NORESPONSE }), undefined);
  quiet.respond();
  const loud = new Request(Message.request({ topic: "a" }), undefined);
  assert.throws(() => loud.respond(), { code: "ENOSYS" });
});
