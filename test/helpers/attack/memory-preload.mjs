// Loaded by `--import` into a broker that is attacked, with --expose-gc: at SIGUSR2 it collects garbage and writes
// process.memoryUsage() into the file that ATTACK_MEMORY_FILE names. It holds no descriptor.
import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const file = process.env.ATTACK_MEMORY_FILE;
delete process.env.ATTACK_MEMORY_FILE;

process.on("SIGUSR2", async () => {
  // What the first collection lets go is freed by the second one: buffers end in a task of their own.
  for (let times = 0; times < 3; times++) {
    globalThis.gc();
    await delay(10);
  }
  try {
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
    renameSync(`${file}.new`, file);
  } catch {
    // Whoever asked asks again.
  }
});
