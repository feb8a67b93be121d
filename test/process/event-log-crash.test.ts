import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CrashLog } from "../helpers/crash-log.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";

const BOUNDED = { timeout: 300_000 };
/** The long form is scripts/crash-log.ts. */
const KILLS = 5;

test("what was confirmed before kill -9 is there after it, once, in order", BOUNDED, async () => {
  await using folder = await TemporaryFolder.make();
  await using crash = await CrashLog.start(folder.path, 5);
  for (let i = 0; i < KILLS; i++) await crash.round();
  await crash.check();
  assert(crash.record.confirmed.length > 100);
});

test("a tail that is torn is cut off, counted and in the broker's log", BOUNDED, async () => {
  const damages: [string, (file: string, size: number) => void][] = [
    ["cut short", (file, size) => truncateSync(file, size - 3)],
    ["a byte of it changed", (file, size) => flip(file, size - 5)],
  ];
  for (const [what, damage] of damages) {
    await using folder = await TemporaryFolder.make();
    await using crash = await CrashLog.start(folder.path, 6);
    await crash.kill();
    const name = crash.lastSegment();
    const file = join(crash.path, name);
    const { size } = statSync(file);
    damage(file, size);
    await crash.restart();
    const { confirmed } = crash.record;
    const { events, lost } = await crash.read();
    assert.deepEqual(lost, []);
    const there = new Set(events.map(({ id }) => id));
    const missing = confirmed.filter(({ id }) => !there.has(id));
    assert(missing.length <= 1, `${what}: ${missing.length} are missing`);
    assert(
      missing.every(({ seq }) => seq === events.length + 1),
      `${what}: the last one is`,
    );
    const { cutBytes } = (await crash.stat())["disk"] as { cutBytes: number };
    assert(cutBytes > 0 && cutBytes < 2000, `${what}: ${cutBytes}`);
    const line = `event-log: ${cutBytes} bytes of ${name} are lost: its last record is not whole`;
    assert((await crash.log()).includes(line), `${what}: ${line}`);
  }
});

function flip(file: string, at: number): void {
  const byte = readFileSync(file)[at]! ^ 0x10;
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Uint8Array.of(byte), 0, 1, at);
  closeSync(descriptor);
}
