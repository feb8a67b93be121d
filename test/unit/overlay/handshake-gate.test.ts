import assert from "node:assert/strict";
import { test } from "node:test";
import { HandshakeGate, type HandshakeGateOptions } from "../../../src/overlay/handshake-gate.ts";
import { LimitedLog } from "../../../src/overlay/transport-log.ts";

function open(options: Partial<HandshakeGateOptions> = {}) {
  const done: string[] = [];
  const lines: string[] = [];
  const time = { now: 100_000 };
  const note = (what: string) => () => done.push(what);
  const gate = new HandshakeGate({
    listening: { pause: note("pause"), resume: note("resume"), flush: note("flush") },
    reserve: { release: note("release"), restore: note("restore") },
    most: 4,
    flushes: false,
    timeoutMs: 1000,
    lines: new LimitedLog((_level, text) => lines.push(text)),
    now: () => time.now,
    ...options,
  });
  const take = (...types: string[]): void => {
    for (const type of types) gate.take(type);
  };
  return { gate, done, lines, time, take, [Symbol.dispose]: () => gate.close() };
}

test("accepting pauses at the bound, once, and goes on when places are free", () => {
  using it = open();
  it.take("accept", "accept", "handshake", "accept", "accept");
  assert.deepEqual([it.gate.unfinished, it.done], [3, []]);
  it.take("accept", "accept");
  assert.deepEqual([it.gate.unfinished, it.done], [5, ["pause"]]);
  it.gate.look();
  it.take("handshake:error:other", "disconnect");
  it.gate.look();
  assert.deepEqual(it.done, ["pause"], "a few have to be free");
  it.take("handshake");
  it.gate.look();
  assert.deepEqual([it.gate.unfinished, it.gate.paused, it.gate.pauses], [3, false, 1]);
  assert.deepEqual(it.done, ["pause", "restore", "resume"]);
  assert.deepEqual(it.lines, [
    "no connections are accepted for now: 4 connections are amid their handshake",
    "connections are accepted again: 0 were closed so far unaccepted",
  ]);
});

test("each way a handshake ends is counted once, and the end of a child is none while nobody is amid one", () => {
  using it = open({ most: 10 });
  it.take("accept", "handshake", "disconnect");
  assert.equal(it.gate.unfinished, 0);
  it.take("accept", "accept", "accept", "accept");
  it.take("handshake:error:protocol", "disconnect", "handshake:error:auth");
  assert.equal(it.gate.unfinished, 2);
  it.take("disconnect");
  assert.equal(it.gate.unfinished, 2);
  // Garbage ends without an error.
  it.take("disconnect");
  assert.equal(it.gate.unfinished, 1);
});

test("a count that went wrong is right again when nobody has come for the time of a handshake", () => {
  using it = open();
  it.take("accept", "accept", "accept", "accept");
  assert.equal(it.gate.paused, true);
  it.time.now += 1500;
  it.gate.look();
  assert.equal(it.gate.paused, true);
  it.time.now += 600;
  it.gate.look();
  assert.deepEqual([it.gate.unfinished, it.gate.paused], [0, false]);
});

test("what waits is closed at the bound where descriptors are few", () => {
  using it = open({ flushes: true, most: 1 });
  it.take("accept");
  assert.deepEqual(it.done, ["pause", "flush"]);
});

test("without descriptors what waits is closed with those of the reserve, until there are some again", () => {
  using it = open();
  for (let i = 0; i < 1000; i++) it.gate.take("accept:error", "EMFILE");
  assert.deepEqual(it.done, ["pause", "release", "flush"]);
  it.time.now += 500;
  it.gate.look();
  assert.deepEqual(it.done.slice(3), ["release", "flush"]);
  it.time.now += 600;
  it.gate.look();
  assert.deepEqual(it.done.slice(5), ["restore", "resume"]);
  it.gate.take("accept:error", "ECONNABORTED");
  assert.equal(it.done.length, 7);
});

test("where nothing can be held back connections are only counted", () => {
  using it = open({ listening: undefined, most: 1 });
  it.take("accept", "accept");
  it.gate.take("accept:error", "EMFILE");
  assert.deepEqual([it.gate.unfinished, it.gate.paused, it.done], [2, false, []]);
});
