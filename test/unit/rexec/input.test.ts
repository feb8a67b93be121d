import assert from "node:assert/strict";
import { test } from "node:test";
import type { FluxError } from "../../../src/base/index.ts";
import type { Flux } from "../../../src/client/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { decodeCommand } from "../../../src/rexec/command.ts";
import { ExecFlag, RemoteProcess } from "../../../src/rexec/index.ts";
import { commandObject, RexecInstance } from "../../helpers/rexec-instance.ts";
import { until, within } from "../../helpers/until.ts";

/** A remote process and what it told so far. */
class Observed {
  readonly process: RemoteProcess;
  readonly credits: [string, number][] = [];
  readonly output: Record<string, string> = {};
  readonly ends: string[] = [];
  status: number | undefined;
  readonly over: Promise<FluxError | undefined>;

  constructor(flux: Flux, cmd: JsonObject) {
    let finish!: (error: FluxError | undefined) => void;
    this.over = new Promise((resolve) => {
      finish = resolve;
    });
    this.process = RemoteProcess.exec(flux, decodeCommand(cmd), {
      credit: (stream, bytes) => this.credits.push([stream, bytes]),
      output: (stream, data) => {
        if (data === undefined) this.ends.push(stream);
        else this.output[stream] = (this.output[stream] ?? "") + Buffer.from(data).toString("latin1");
      },
      exited: (status) => {
        this.status = status;
      },
      completed: () => finish(undefined),
      failed: finish,
    });
  }

  /** Bytes it may be written by now. */
  credit(stream = "stdin"): number {
    return this.credits.reduce((sum, [name, bytes]) => (name === stream ? sum + bytes : sum), 0);
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("input reaches a process, also what was sent before it ran", async () => {
  await using instance = await RexecInstance.start();
  const observed = new Observed(await instance.connect(), commandObject(["cat"]));
  observed.process.write(bytes("a\u00e9\n"));
  observed.process.write(Uint8Array.of(0xff, 0x0a));
  observed.process.close();
  assert.equal(await within(observed.over, "end"), undefined);
  assert.equal(observed.output["stdout"], "a\u00c3\u00a9\n\u00ff\n");
  assert.equal(observed.status, 0);
});

test("credit is the buffer at first, then what the process has taken", async () => {
  await using instance = await RexecInstance.start();
  const cmd = commandObject(["cat"], { opts: { stdin_BUFSIZE: "4k" } });
  const observed = new Observed(await instance.connect(), cmd);
  await until(() => observed.credit() === 4096, "first credit");
  for (let i = 0; i < 4; i++) {
    observed.process.write(new Uint8Array(4096).fill(0x61));
    await until(() => observed.credit() === 4096 * (i + 2), `credit ${i}`);
  }
  observed.process.close();
  await within(observed.over, "end");
  assert.equal(observed.output["stdout"]!.length, 4 * 4096);
});

test("who writes more than fits loses the process", async () => {
  await using instance = await RexecInstance.start();
  const cmd = commandObject(["sleep", "100"], { opts: { stdin_BUFSIZE: "4k" } });
  const observed = new Observed(await instance.connect(), cmd);
  observed.process.write(new Uint8Array(4097));
  const error = await within(observed.over, "failure");
  assert.equal(error?.code, "ENOSPC");
  assert.equal(error?.message, "internal fatal error: No space left on device");
  assert.deepEqual(instance.log, ["err Error writing 4097 bytes to subprocess stdin"]);
  assert.equal(instance.rexec.size, 0);
});

test("so does who writes behind the end, or to what is no input", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const behind = new Observed(flux, commandObject(["sleep", "100"]));
  behind.process.close();
  behind.process.close();
  behind.process.write(bytes("x"));
  assert.equal((await within(behind.over, "failure"))?.code, "EPIPE");
  const wrong = new Observed(flux, commandObject(["sleep", "100"]));
  wrong.process.write(bytes("x"), "stdout");
  assert.equal((await within(wrong.over, "failure"))?.code, "EINVAL");
});

test("a process that closes its input holds nobody up", async () => {
  await using instance = await RexecInstance.start();
  const cmd = commandObject("exec 0<&-; sleep 100", { opts: { stdin_BUFSIZE: "4k" } });
  const observed = new Observed(await instance.connect(), cmd);
  await until(() => observed.credit() === 4096, "first credit");
  for (let i = 1; i < 5; i++) {
    observed.process.write(new Uint8Array(4096));
    await until(() => observed.credit() >= 4096 * (i + 1), `credit ${i}`);
  }
  await observed.process.kill(9);
  await within(observed.over, "end");
  assert.equal(observed.status, 9);
});

test("a channel carries bytes both ways", async () => {
  await using instance = await RexecInstance.start();
  const cmd = commandObject('eval "head -n 2 <&$CHANNEL >&$CHANNEL"', { channels: ["CHANNEL"] });
  const observed = new Observed(await instance.connect(), cmd);
  await until(() => observed.credit("CHANNEL") === 4 * 1024 * 1024, "credit of the channel");
  observed.process.write(bytes("one\ntwo\n"), "CHANNEL");
  assert.equal(await within(observed.over, "end"), undefined);
  assert.deepEqual(observed.output, { CHANNEL: "one\ntwo\n" });
  assert.deepEqual(observed.ends.sort(), ["CHANNEL", "stderr", "stdout"]);
});

test("a channel that is closed has ended in both directions", async () => {
  await using instance = await RexecInstance.start();
  const cmd = commandObject('eval "cat <&$CHANNEL"', { channels: ["CHANNEL"] });
  const observed = new Observed(await instance.connect(), cmd);
  observed.process.write(bytes("x"), "CHANNEL");
  observed.process.close("CHANNEL");
  await within(observed.over, "end");
  assert.equal(observed.output["stdout"], "x");
  assert.equal(observed.ends.includes("CHANNEL"), true);
});

test("a message channel leads to a broker", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  // Through the descriptor comes what a client at the socket would get: at first the byte that lets it in.
  const script = `fd=\${MSG_URI#fd://}; eval "head -c 1 <&$fd" | od -An -tx1`;
  const cmd = commandObject(script, { msgchan: [{ name: "MSG_URI", uri: instance.instance.uri }] });
  const observed = new Observed(flux, cmd);
  assert.equal(await within(observed.over, "end"), undefined);
  assert.equal(observed.output["stdout"], " 00\n");
});

test("a malformed write is logged, one for nobody is not", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const io = { stream: "stdin", rank: "0", data: "x" };
  await flux.rpc("rexec.write", { matchtag: 77, io });
  assert.deepEqual(instance.log, []);
  await flux.rpc("rexec.write", { matchtag: 77 });
  await flux.rpc("rexec.write", { matchtag: 77, io: {} });
  assert.equal(instance.log.length, 2);
  for (const line of instance.log) assert.match(line, /^err Error decoding rexec\.write request: /);
});

test("a process of one client takes no input from another", async () => {
  await using instance = await RexecInstance.start();
  const observed = new Observed(await instance.connect(), commandObject(["cat"]));
  await until(() => observed.process.pid !== undefined, "start");
  const other = await instance.connect();
  for (let matchtag = 0; matchtag < 8; matchtag++) {
    await other.rpc("rexec.write", { matchtag, io: { stream: "stdin", rank: "0", data: "evil" } });
  }
  observed.process.close();
  await within(observed.over, "end");
  assert.deepEqual(observed.output, {});
});

test("without credit asked for there is none", async () => {
  await using instance = await RexecInstance.start();
  const flux = await instance.connect();
  const types: unknown[] = [];
  for await (const { type } of flux.stream("rexec.exec", {
    cmd: commandObject(["true"]),
    flags: ExecFlag.STDOUT,
  }))
    types.push(type);
  assert.equal(types.includes("add-credit"), false);
});
