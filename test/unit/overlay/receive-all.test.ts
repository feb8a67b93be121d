import assert from "node:assert/strict";
import { test } from "node:test";
import { receiveAll } from "../../../src/overlay/receive-all.ts";
import { until } from "../../helpers/until.ts";

/** More than can be taken in one turn. */
const MESSAGES = 2_000_000;

test("a socket that always has a message lets others of the process have their turn", async () => {
  let taken = 0;
  let atTurn = Number.POSITIVE_INFINITY;
  const socket = {
    closed: false,
    async receive(): Promise<Uint8Array[]> {
      if (!socket.closed) return [];
      throw new Error("closed");
    },
  };
  setImmediate(() => {
    atTurn = taken;
  });
  const take = (): void => {
    if (++taken === MESSAGES) socket.closed = true;
  };
  await receiveAll(socket, take, () => {});
  assert(atTurn < MESSAGES, `a turn after ${atTurn} messages of ${MESSAGES}`);
});

test("a receive that fails is logged, counted and tried again, until the socket is closed", async () => {
  let tries = 0;
  const lines: string[] = [];
  const received: number[] = [];
  const socket = {
    closed: false,
    async receive(): Promise<Uint8Array[]> {
      tries++;
      if (tries === 2) return [new Uint8Array(3)];
      if (tries > 3) socket.closed = true;
      throw new Error("no such luck\nat all");
    },
  };
  const done = receiveAll(
    socket,
    ([frame]) => received.push(frame!.length),
    (level, text) => lines.push(`${level} ${text}`),
  );
  await until(() => tries > 3, "another try");
  await done;
  assert.deepEqual([received, lines], [[3], ["err receiving from the tree: Error: no such luck"]]);
});
