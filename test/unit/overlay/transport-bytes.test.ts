import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frames } from "../../../src/overlay/transport.ts";
import { frames, numbers, TestChild, TestServer, TRANSPORT_KINDS } from "../../helpers/tree-transport.ts";
import { until } from "../../helpers/until.ts";

for (const [name, openKind] of Object.entries(TRANSPORT_KINDS)) {
  test(`transport ${name} counts the bytes of frames, both ways`, async () => {
    await using kind = await openKind();
    await using parent = await kind.open();
    const server = await TestServer.listen(parent, kind.uri());
    await using child = await TestChild.join(kind, parent, server, "child-0");
    for (const number of numbers(20)) {
      child.link.send(frames(number, "up", ""));
      server.server.send("child-0", [new Uint8Array(1000), new Uint8Array(Number(number))]);
    }
    await until(() => server.received.length + child.received.length === 40, "all messages");
    // With those by which the child joined.
    const up = "hello".length + lengthOf(server.received.map((message) => message.frames));
    const down = "welcome".length + 20 * 1000 + (20 * 19) / 2;
    assert.equal(lengthOf(child.received) + "welcome".length, down);
    assert.deepEqual([child.link.stats.sentBytes, server.server.stats.receivedBytes], [up, up]);
    assert.deepEqual([server.server.stats.sentBytes, child.link.stats.receivedBytes], [down, down]);
    server.server.send("nobody", frames("not counted"));
    await until(() => server.unreachable.length === 1, "a report");
    assert.equal(server.server.stats.sentBytes, down);
  });
}

function lengthOf(messages: readonly Frames[]): number {
  return messages.flat().reduce((sum, { length }) => sum + length, 0);
}
