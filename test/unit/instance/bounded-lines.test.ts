import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { boundedLines } from "../../../src/instance/bounded-lines.ts";
import { until } from "../../helpers/until.ts";

/** A stream whose reader takes nothing until `open`. */
function closedStream() {
  let text = "";
  let waiting: (() => void) | undefined;
  let isOpen = false;
  const stream = new Writable({
    highWaterMark: 100,
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      text += chunk;
      if (isOpen) done();
      else waiting = done;
    },
  });
  const open = (): void => {
    isOpen = true;
    waiting?.();
  };
  return { stream, open, lines: () => text.split("\n").slice(0, -1) };
}

test("lines wait for a slow reader up to a bound; further ones are counted, and it is told", async () => {
  const { stream, open, lines } = closedStream();
  const print = boundedLines(stream, 1000);
  for (let i = 0; i < 10_000; i++) print(`line ${i}`);
  assert(stream.writableLength <= 1000, `${stream.writableLength} bytes`);
  open();
  await until(() => lines().some((line) => line.startsWith("fluxbus")), "the number");
  const kept = lines().length - 1;
  assert(kept > 80);
  assert.equal(lines().at(-1), `fluxbus: ${10_000 - kept} lines are left out here: nobody read them in time`);
  print("again");
  assert.equal(lines().at(-1), "again");
});

test("a line larger than the bound is written to a stream that takes it", () => {
  const { stream, open, lines } = closedStream();
  open();
  const print = boundedLines(stream, 10);
  print("a line of some length");
  print("another line of some length");
  assert.equal(lines().length, 2);
});
