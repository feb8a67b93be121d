import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { test } from "node:test";
import { PatientWriter } from "../../../src/system/index.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";

test("lines go to a file as they come", async () => {
  await using folder = await TemporaryFolder.make();
  const fd = openSync(folder.of("log"), "a");
  const writer = new PatientWriter(fd);
  writer.write("one");
  writer.write("zwei, über");
  assert.equal(readFileSync(folder.of("log"), "utf8"), "one\nzwei, über\n");
  closeSync(fd);
  writer.write("three");
  assert.equal(writer.lost, 1);
});

test("what a full disk has lost is counted", () => {
  const fd = openSync("/dev/full", "w");
  const writer = new PatientWriter(fd);
  for (let i = 0; i < 3; i++) writer.write("line");
  assert.equal(writer.lost, 3);
  closeSync(fd);
});

test("what is not read waits up to a limit; what is lost beyond is told in its place", async () => {
  await using folder = await TemporaryFolder.make();
  const fifo = folder.of("fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const fd = openSync(fifo, constants.O_WRONLY);
  let said = "";
  const read = (): string => {
    const chunk = Buffer.alloc(65_536);
    try {
      for (;;) said += chunk.toString("utf8", 0, readSync(reader, chunk));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
    return said;
  };
  try {
    const writer = new PatientWriter(fd, { maxBytes: 100_000 });
    const line = (index: number) => `${index} ${"x".repeat(9_990)}`;
    const count = 40;
    for (let i = 0; i < count; i++) writer.write(line(i));
    const { lost } = writer;
    assert(lost > 0 && lost < count, `${lost} of ${count} lines are lost`);
    const kept = Array.from({ length: count - lost }, (_, i) => `${line(i)}\n`).join("");
    await until(() => read().length >= kept.length, "what waited");
    writer.write("the next");
    const text = `${kept}fluxbus: ${lost} lines were lost here: nobody reads\nthe next\n`;
    await until(() => read().length >= text.length, "the next line");
    assert.equal(said, text);
    assert.equal(writer.lost, lost);
  } finally {
    closeSync(reader);
    closeSync(fd);
  }
});
