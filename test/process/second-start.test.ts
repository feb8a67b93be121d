import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { connect as dial, type Socket } from "node:net";
import { describe, test } from "node:test";
import { connect } from "../../src/connect/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { CliProcess, fluxbus } from "./cli-process.ts";

/** Connects until the system takes no more; gives the connections. */
async function fillBacklog(path: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (;;) {
    const socket = dial(path);
    const event = await Promise.race([
      once(socket, "connect").then(() => "connect"),
      once(socket, "error").then(([error]) => error.code as string),
    ]).catch((error: NodeJS.ErrnoException) => error.code!);
    if (event !== "connect") {
      assert.equal(event, "EAGAIN");
      return sockets;
    }
    socket.on("error", () => {});
    sockets.push(socket);
  }
}

describe("a second start in the run directory of a broker", () => {
  test("is refused while the first is there, also when it is stopped and takes no connection", async () => {
    await using folder = await TemporaryFolder.make();
    const rundir = folder.of("run");
    const path = `${rundir}/local-0`;
    const words = ["broker", "--print-uri", `--rundir=${rundir}`];
    const first = new CliProcess(words, { input: "", runMs: 120_000 });
    let waiting: Socket[] = [];
    try {
      await first.wrote(/local-0\n/);
      const { ino } = statSync(path);
      const pid = first.child.pid;
      const text = `fluxbus broker: another broker has ${path}: process ${pid} holds the lock ${path}.lock`;
      const second = async () => {
        const { status, stderr } = await fluxbus(words);
        assert.deepEqual([status, stderr.split("\n").at(-2)], [1, text]);
        assert.equal(statSync(path).ino, ino);
      };
      await second();
      process.kill(pid!, "SIGSTOP");
      await second();
      waiting = await fillBacklog(path);
      await second();
      process.kill(pid!, "SIGCONT");
      for (const socket of waiting.splice(0)) socket.destroy();
      await using flux = await connect(`local://${path}`);
      assert.equal(await flux.attributes.get("size"), "1");
    } finally {
      process.kill(first.child.pid!, "SIGCONT");
      for (const socket of waiting) socket.destroy();
      first.child.kill("SIGTERM");
    }
    assert.equal((await first.outcome).status, 0);
  });

  test("leaves the socket of a program without the lock that is stopped and takes no connection", async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.of("local-0");
    const script = `require("net").createServer().listen({ path: "${path}", backlog: 1 }, () => console.log("up"))`;
    const other = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    let waiting: Socket[] = [];
    try {
      await once(other.stdout, "data");
      other.kill("SIGSTOP");
      waiting = await fillBacklog(path);
      const { status, stderr } = await fluxbus(["broker", `--rundir=${folder.path}`]);
      const text = `fluxbus broker: ${path} is a socket in use, for connecting to it fails with EAGAIN`;
      assert.deepEqual([status, stderr.split("\n").at(-2)], [1, text]);
    } finally {
      for (const socket of waiting) socket.destroy();
      other.kill("SIGKILL");
    }
  });

  test("takes the place of a broker that was killed", async () => {
    await using folder = await TemporaryFolder.make({ "run/file": "" });
    const rundir = folder.of("run");
    const words = ["broker", "--print-uri", `--rundir=${rundir}`];
    for (const signal of ["SIGKILL", "SIGKILL", "SIGTERM"] as const) {
      const broker = new CliProcess(words);
      await broker.wrote(/local-0\n/);
      assert.equal((await broker.end(signal)).stderr, "");
    }
    await assert.rejects(async () => statSync(`${rundir}/local-0.lock`), { code: "ENOENT" });
  });
});
