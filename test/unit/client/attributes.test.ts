import assert from "node:assert/strict";
import { test } from "node:test";
import { Flux } from "../../../src/client/index.ts";
import { connectorPair } from "../../../src/connector/index.ts";
import type { Message } from "../../../src/message/index.ts";
import { rejects } from "../../helpers/rejects.ts";

test("answers that lack what they should have are EPROTO", async () => {
  const [near, far] = connectorPair();
  far.start({ message: (message: Message) => far.send(message.deriveResponse(0, undefined)), closed() {} });
  const flux = new Flux(near, () => assert.fail("no reconnect"));
  await rejects(flux.attributes.get("rank"), "EPROTO", "response to attr.get has no value");
  await rejects(flux.attributes.list(), "EPROTO", "response to attr.list has no names");
  await rejects(flux.ping(), "EPROTO");
  await flux.close();
});
