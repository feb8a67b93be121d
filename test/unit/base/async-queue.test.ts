import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AsyncQueue, FluxError, type OverflowPolicy } from "../../../src/base/index.ts";

const DONE = { done: true, value: undefined };
const item = <T>(value: T): { done: false; value: T } => ({ done: false, value });

/** Reads until the end; at most `limit` items. */
async function drain<T>(queue: AsyncQueue<T>, limit = 1e6): Promise<T[]> {
  const items: T[] = [];
  while (items.length < limit) {
    const { done, value } = await queue.next();
    if (done === true) break;
    items.push(value);
  }
  return items;
}

test("items come out in order, and the end behind the last", async () => {
  const queue = new AsyncQueue<number>({ limit: 5000 });
  const pushed = Array.from({ length: 5000 }, (_, i) => i);
  for (const number of pushed) assert.equal(queue.push(number), true);
  assert.equal(queue.size, 5000);
  queue.end();
  assert.equal(queue.ended, true);
  assert.deepEqual(await drain(queue), pushed);
  assert.deepEqual(await queue.next(), DONE);
  assert.equal(queue.size, 0);
});

test("waiters get items in the order they came, before the queue holds any", async () => {
  const queue = new AsyncQueue<string>({ limit: 1 });
  const waiting = [queue.next(), queue.next(), queue.next()];
  for (const text of ["a", "b", "c", "d"]) queue.push(text);
  assert.equal(queue.size, 1);
  assert.deepEqual(await Promise.all(waiting), [item("a"), item("b"), item("c")]);
  assert.deepEqual(await queue.next(), item("d"));
});

test("the end wakes all who wait", async () => {
  const queue = new AsyncQueue<number>({ limit: 1 });
  const waiting = [queue.next(), queue.next()];
  queue.end();
  assert.deepEqual(await Promise.all(waiting), [DONE, DONE]);
});

test("a failure reaches one reader, after what is queued; then it is the end", async () => {
  const queue = new AsyncQueue<number>({ limit: 5 });
  queue.push(1);
  queue.fail(new FluxError("EIO"));
  queue.fail(new FluxError("EPERM"));
  queue.end();
  assert.equal(queue.push(2), true, "ignored");
  assert.deepEqual(await queue.next(), item(1));
  await assert.rejects(queue.next(), { code: "EIO" });
  assert.deepEqual(await queue.next(), DONE);
});

test("of many who wait the first gets the failure, the others the end", async () => {
  const queue = new AsyncQueue<number>({ limit: 5 });
  const waiting = [queue.next(), queue.next(), queue.next()];
  queue.fail(new FluxError("ECONNRESET"));
  const results = await Promise.allSettled(waiting);
  assert.deepEqual(
    results.map((result) => result.status),
    ["rejected", "fulfilled", "fulfilled"],
  );
  assert.deepEqual(await queue.next(), DONE);
});

test("stop forgets what is queued, and a failure", async () => {
  const queue = new AsyncQueue<number>({ limit: 5 });
  queue.push(1);
  queue.push(2);
  queue.stop();
  assert.equal(queue.size, 0);
  assert.deepEqual(await queue.next(), DONE);
  const failed = new AsyncQueue<number>({ limit: 5 });
  failed.push(1);
  failed.fail(new FluxError("EIO"));
  failed.stop();
  assert.deepEqual(await failed.next(), DONE);
});

test("overflow fail: ENOBUFS behind what is queued", async () => {
  const queue = new AsyncQueue<number>({ limit: 2, overflowText: "slow reader" });
  assert.deepEqual(
    [1, 2, 3, 4].map((number) => queue.push(number)),
    [true, true, false, true],
  );
  assert.equal(queue.dropped, 1);
  assert.deepEqual([await queue.next(), await queue.next()], [item(1), item(2)]);
  await assert.rejects(queue.next(), { code: "ENOBUFS", message: "slow reader" });
  assert.deepEqual(await queue.next(), DONE);
});

test("overflow drop-oldest and drop-newest count what they drop", async () => {
  const kept: Record<string, number[]> = { "drop-oldest": [3, 4, 5], "drop-newest": [1, 2, 3] };
  for (const overflow of ["drop-oldest", "drop-newest"] satisfies OverflowPolicy[]) {
    const queue = new AsyncQueue<number>({ limit: 3, overflow });
    for (let number = 1; number <= 5; number++) assert.equal(queue.push(number), true);
    assert.equal(queue.size, 3);
    assert.equal(queue.dropped, 2);
    queue.end();
    assert.deepEqual(await drain(queue), kept[overflow]);
  }
});

test("any order of pushes and reads does what a plain array does", async () => {
  const policy = fc.constantFrom<OverflowPolicy>("fail", "drop-oldest", "drop-newest");
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 1500 })), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(policy, fc.integer({ min: 1, max: 3000 }), steps, async (overflow, limit, runs) => {
      const queue = new AsyncQueue<number>({ limit, overflow });
      const model: number[] = [];
      let ended = false;
      let next = 0;
      for (const [push, count] of runs) {
        for (let i = 0; i < count; i++) {
          if (!push) {
            if (model.length === 0) break;
            assert.deepEqual(await queue.next(), item(model.shift()!));
            continue;
          }
          const number = next++;
          queue.push(number);
          if (ended) continue;
          if (model.length < limit) model.push(number);
          else if (overflow === "drop-oldest") {
            model.shift();
            model.push(number);
          } else if (overflow === "fail") ended = true;
        }
        assert.equal(queue.size, model.length);
        assert.equal(queue.ended, ended);
      }
      queue.end();
      assert.deepEqual(await drain(queue, model.length), model);
    }),
    { numRuns: 40 },
  );
});
