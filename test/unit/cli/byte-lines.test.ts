import assert from "node:assert/strict";
import { test } from "node:test";
import { byteLines } from "../../../src/cli/byte-lines.ts";

const TEXT = "one\n\ntwo\r\nth\xffree\0cut\n\r\r\n\0all\nlast";
const LINES = ["one", "two", "th\xffree", "last"];

async function linesOf(...chunks: string[]): Promise<string[]> {
  const stream = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
  })();
  const lines: string[] = [];
  for await (const line of byteLines(stream)) lines.push(Buffer.from(line).toString("latin1"));
  return lines;
}

test("lines are the same wherever the stream is cut", async () => {
  assert.deepEqual(await linesOf(), []);
  assert.deepEqual(await linesOf("\n"), []);
  for (let i = 0; i <= TEXT.length; i++)
    assert.deepEqual(await linesOf(TEXT.slice(0, i), TEXT.slice(i)), LINES);
  assert.deepEqual(await linesOf(...TEXT), LINES);
});

test("a line is there as soon as it is whole", async () => {
  const taken: string[] = [];
  const stream = (async function* () {
    yield Buffer.from("a\nb");
    assert.deepEqual(taken, ["a"]);
    yield Buffer.from("\n");
    assert.deepEqual(taken, ["a", "b"]);
  })();
  for await (const line of byteLines(stream)) taken.push(Buffer.from(line).toString());
  assert.deepEqual(taken, ["a", "b"]);
});
