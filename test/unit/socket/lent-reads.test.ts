import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FrameSocket } from "../../../src/socket/index.ts";
import { lendReads } from "../../../src/socket/lent-reads.ts";
import { until } from "../../helpers/until.ts";
import { Inbox, request, socketPair, upTo } from "./peers.ts";

test("sockets read into the same memory, one after the other, and end as they do", async () => {
  const buffers = new Set<ArrayBufferLike>();
  for (const text of ["one", "other"]) {
    await using pair = await socketPair();
    let read = "";
    let ended = false;
    const lends = lendReads(pair.near, (bytes) => {
      buffers.add(bytes.buffer);
      read += Buffer.from(bytes).toString();
    });
    assert.equal(lends, true, "this version of Node can");
    pair.near.on("end", () => {
      ended = true;
    });
    pair.near.resume();
    pair.far.write(text);
    await until(() => read === text, "what was written");
    pair.far.end(" and the rest");
    await until(() => ended, "the end");
    assert.equal(read, `${text} and the rest`);
  }
  assert.equal(buffers.size, 1);
});

test("what a socket had read before comes as data, ahead of the rest", async () => {
  await using pair = await socketPair();
  pair.near.resume();
  pair.near.pause();
  pair.far.write("before");
  await until(() => pair.near.readableLength === 6, "what was written");
  const pieces: string[] = [];
  lendReads(pair.near, (bytes) => pieces.push(Buffer.from(bytes).toString()));
  pair.near.on("data", (bytes) => pieces.push(bytes.toString()));
  pair.near.resume();
  pair.far.write("after");
  await until(() => pieces.length === 2, "the rest");
  assert.deepEqual(pieces, ["before", "after"]);
});

test("messages keep their bytes while others are read", async () => {
  await using pair = await socketPair();
  await using second = await socketPair();
  const inboxes = [new Inbox(), new Inbox()];
  for (const [index, { near }] of [pair, second].entries()) new FrameSocket(near).start(inboxes[index]!);
  const sizes = [0, 10, 3000, 17_000, 66_000, 300_000];
  for (let round = 0; round < 20; round++) {
    for (const { far } of [pair, second])
      far.write(
        Buffer.concat(upTo(sizes.length).map((tag) => request(tag + round * 10, sizes[tag - 1]).encode())),
      );
    await turn();
  }
  for (const inbox of inboxes) {
    await inbox.untilCount(20 * sizes.length);
    for (const message of inbox.messages) {
      const { matchtag } = message;
      const size = sizes[(matchtag % 10) - 1]!;
      const expected = request(matchtag, size);
      assert.deepEqual(message.payload, expected.payload);
      assert.equal(message.topic, expected.topic);
    }
  }
});
