import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { encodeLogRecord, type Flux, logTimestamp } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until } from "../helpers/until.ts";
import { CliProcess, FLUX_BROKER, MAIN, type Outcome, type RunOptions } from "./cli-process.ts";

/** A process of the package with redirections, as a shell writes them. */
function redirected(words: readonly string[], to: string, options: RunOptions = {}): CliProcess {
  const { script = MAIN, ...rest } = options;
  const line = `exec "$0" "$@" ${to}`;
  return new CliProcess(["-c", line, process.execPath, script, ...words], { ...rest, command: "/bin/sh" });
}

const outcome = (words: readonly string[], to: string, options?: RunOptions): Promise<Outcome> =>
  redirected(words, to, options).outcome;

/** Logs a record that every broker prints on standard error. */
async function shout(flux: Flux, message: string): Promise<void> {
  const head = { rank: 0, appname: "test", procid: "1", timestamp: logTimestamp() };
  await flux.call("log.append", encodeLogRecord({ ...head, level: "emerg", message }));
}

/** A broker with redirections, and a handle to it. */
async function withBroker(
  to: string,
  use: (flux: Flux, process: CliProcess) => Promise<void>,
  words: readonly string[] = ["broker"],
): Promise<Outcome> {
  await using folder = await TemporaryFolder.make();
  const broker = redirected([...words, `--rundir=${folder.of("run")}`], to);
  const flux = await connect(`local://${folder.of("run/local-0")}`, { retries: 12 });
  await use(flux, broker);
  await flux.close();
  return await broker.end("SIGTERM");
}

describe("standard output and error that can't be written to", () => {
  test("a broker goes on with its standard error on a full disk", async () => {
    const { status } = await withBroker("2>/dev/full", async (flux) => {
      for (let i = 0; i < 3; i++) await shout(flux, `line ${i}`);
      assert.equal(await flux.attributes.get("size"), "1");
    });
    assert.equal(status, 0);
  });

  test("a broker goes on when the reader of its standard error has left", async () => {
    const { status } = await withBroker("", async (flux, broker) => {
      broker.child.stderr.destroy();
      for (let i = 0; i < 3; i++) await shout(flux, `line ${i}`);
      assert.equal(await flux.attributes.get("size"), "1");
    });
    assert.equal(status, 0);
  });

  test("a broker does not wait for the reader of its standard error, and counts the lines it has lost", async () => {
    await using folder = await TemporaryFolder.make();
    const fifo = folder.of("fifo");
    execFileSync("mkfifo", [fifo]);
    const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      await withBroker(`2>${fifo}`, async (flux) => {
        const text = "x".repeat(100_000);
        for (let i = 0; i < 15; i++) await shout(flux, text);
        let said = "";
        const chunk = Buffer.alloc(65_536);
        const more = (): boolean => {
          try {
            const length = readSync(reader, chunk);
            said += chunk.toString("latin1", 0, length);
          } catch {
            // EAGAIN: nothing more yet.
          }
          return / lines were lost here: nobody reads\n.*the last$/m.test(said.trimEnd());
        };
        await until(() => {
          more();
          return said.split("x".repeat(100_000)).length >= 10;
        }, "what waited");
        await shout(flux, "the last");
        await until(more, "the count of what was lost");
      });
    } finally {
      closeSync(reader);
    }
  });

  test("a broker goes on when nobody takes its URI", async () => {
    const full = await withBroker(
      ">/dev/full",
      async (flux) => assert.equal(await flux.attributes.get("size"), "1"),
      ["broker", "--print-uri"],
    );
    assert.deepEqual(
      [full.status, full.stderr],
      [0, "fluxbus broker: standard output: No space left on device\n"],
    );
  });

  test("a command in an instance runs to its end, and so does an initial program", async () => {
    const script = `"${process.execPath}" "${MAIN}" logger --severity=emerg x && echo done`;
    for (const words of [
      ["start", "--"],
      ["start", "-s2", "--"],
      ["start", "-s2", "--in-process", "--"],
    ]) {
      const { stdout, status } = await outcome([...words, "sh", "-c", script], "2>/dev/full", {
        runMs: 60_000,
      });
      assert.deepEqual([stdout, status], ["done\n", 0], words.join(" "));
    }
    const none = ["-Sbroker.rc1_path=", "-Sbroker.rc3_path="];
    const own = await outcome([...none, "sh", "-c", script], "2>/dev/full", { script: FLUX_BROKER });
    assert.deepEqual([own.stdout, own.status], ["done\n", 0]);
  });

  test("a command whose output can't be written fails, and says so in a line", async () => {
    const full = "No space left on device";
    const run = async (words: readonly string[], options: RunOptions = {}) => {
      const { stderr, status } = await outcome(words, ">/dev/full", options);
      return [stderr, status];
    };
    assert.deepEqual(await run(["version"]), [`fluxbus version: standard output: ${full}\n`, 1]);
    assert.deepEqual(await run(["--help"]), [`fluxbus: standard output: ${full}\n`, 1]);
    assert.deepEqual(await run(["complete", "bash"]), [`fluxbus: standard output: ${full}\n`, 1]);
    assert.deepEqual(await run(["--help"], { script: FLUX_BROKER }), [
      `flux-broker: standard output: ${full}\n`,
      1,
    ]);
    await withBroker("", async (flux) => {
      const { uri } = flux;
      assert.deepEqual(await run(["lsattr"], { uri }), [`fluxbus lsattr: standard output: ${full}\n`, 1]);
      const [said, status] = await run(["getattr", "--json", "size"], { uri });
      const { command, subject, code } = JSON.parse(String(said)) as Record<string, string>;
      assert.deepEqual([command, subject, code, status], ["fluxbus getattr", "standard output", "ENOSPC", 1]);
      const sub = redirected(["event", "sub", "-v"], ">/dev/full", { uri });
      await until(() => sub.stderr.includes("subscribed"), "the subscription", 20_000);
      await flux.publish("a.b");
      assert.equal((await sub.outcome).status, 1);
    });
  });

  test("a reader that has left ends a command without a word", async () => {
    const line = `{ "$0" "$@"; echo "status $?" >&2; } | true`;
    const { stderr, status } = await new CliProcess(["-c", line, process.execPath, MAIN, "--help"], {
      command: "/bin/sh",
    }).outcome;
    assert.equal(status, 0);
    assert.match(stderr, /^status (0|141)\n$/);
  });

  test("a command whose standard error can't be written keeps its exit status", async () => {
    await using folder = await TemporaryFolder.make();
    const missing = join(folder.path, "nobody");
    for (const to of ["2>/dev/full", "2>&-"]) {
      const { status } = await outcome(["getattr", "--uri", `local://${missing}`, "size"], to);
      assert.equal(status, 1, to);
      assert.equal((await outcome(["getattr"], to)).status, 2, to);
      assert.equal((await outcome(["version"], to)).status, 0, to);
    }
  });
});
