import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { mock, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { decodeHostlist, HOSTS_MAX } from "../../../src/base/hostlist.ts";
import { decodeIdset, IDS_MAX } from "../../../src/base/idset.ts";
import { errno } from "../../../src/base/index.ts";
import { SystemNames } from "../../../src/broker/access-names.ts";
import { CLIENT_QUEUE_BYTES } from "../../../src/broker/broker-options.ts";
import { Broker } from "../../../src/broker/index.ts";
import { connect } from "../../../src/connect/index.ts";
import type { FrameLink, FrameReceiver } from "../../../src/connector/index.ts";
import { findParent, PARENT_WAIT_MS } from "../../../src/instance/parent.ts";
import { Message, textPayload } from "../../../src/message/index.ts";
import { FAILURES_MAX, rememberFailure } from "../../../src/module/module-file.ts";
import { ProxyRouter } from "../../../src/proxy/proxy-router.ts";
import { BUFFER_BYTES, bufferBytes, decodeCommand } from "../../../src/rexec/command.ts";
import { SAID_MAX } from "../../../src/socket/ssh-connector.ts";
import { FakeSsh } from "../../helpers/fake-ssh.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("channels of a process have their size", () => {
  const command = decodeCommand({ cmdline: ["true"], env: {}, opts: {}, channels: [] });
  for (const name of ["stdin", "stdout", "a"]) assert.equal(bufferBytes(command, name), BUFFER_BYTES);
});

/** A program's connection to a proxy whose queue the test sets. */
class FakeProgram implements FrameLink {
  queuedBytes = 0;
  destroyed = false;
  readonly answers: Message[] = [];
  #receiver: FrameReceiver | undefined;

  start(receiver: FrameReceiver): void {
    this.#receiver = receiver;
  }

  says(message: Message): void {
    this.#receiver!.message(message);
  }

  forward(message: Message): void {
    this.answers.push(message);
  }

  destroy(): void {
    this.destroyed = true;
  }

  sendEncoded(): void {}
  sendCopy(): void {}
  writable(): undefined {}
  async end(): Promise<void> {}
}

/** A proxy before a broker of its own, and a program that is connected to it. */
function proxied() {
  const broker = Broker.create({ events: null });
  const flux = broker.connect();
  const router = new ProxyRouter({ flux, reconnects: true, log() {} });
  const program = new FakeProgram();
  router.connect(program);
  const stop = async (): Promise<void> => {
    await flux.close();
    await broker.stop();
  };
  return { router, program, [Symbol.asyncDispose]: stop };
}

test("a proxy holds its bytes while it reconnects", async () => {
  await using it = proxied();
  it.router.suspend();
  const payload = new Uint8Array(16 * 1024 * 1024);
  const ask = (matchtag: number) => Message.request({ topic: "a.b", matchtag, payload });
  const fit = Math.floor(CLIENT_QUEUE_BYTES / ask(1).withPushed(new Uint8Array(37)).frameBytes());
  for (let tag = 1; tag <= fit + 2; tag++) it.program.says(ask(tag));
  assert.deepEqual(
    it.program.answers.map(({ matchtag, errnum }) => [matchtag, errnum]),
    [
      [fit + 1, errno.EAGAIN],
      [fit + 2, errno.EAGAIN],
    ],
  );
  assert.equal(it.program.destroyed, false);
  it.program.says(Message.event({ topic: "e", payload }));
  assert.equal(it.program.destroyed, true, "an event that can't be held is no error to its sender");
});

test("a proxy queues its bytes for a program and closes it then", async () => {
  await using it = proxied();
  const payload = textPayload('{"topic":"nothing"}');
  const ask = async (): Promise<void> => {
    it.program.says(Message.request({ topic: "event.unsubscribe", matchtag: 1, payload }));
    await turn();
  };
  await ask();
  const [answer] = it.program.answers;
  assert.equal(answer?.errnum, errno.ENOENT);
  it.program.queuedBytes = CLIENT_QUEUE_BYTES - answer.frameBytes();
  await ask();
  assert.deepEqual([it.program.answers.length, it.program.destroyed], [2, false]);
  it.program.queuedBytes++;
  await ask();
  assert.deepEqual([it.program.answers.length, it.program.destroyed], [2, true]);
});

test("answers about users are kept up to their number", async () => {
  const line = (name: string) => `${name}:x:1:1::/:/bin/sh\n`;
  await using files = await TemporaryFolder.make({ passwd: ["a", "b", "c"].map(line).join(""), group: "" });
  const names = new SystemNames({ getent: files.of("nosuch"), directory: files.path, cacheSize: 2 });
  for (const name of ["a", "b", "c"]) assert.equal(await names.useridOf(name), 1);
  await files.write("passwd", "");
  const known = [];
  for (const name of ["c", "b", "a"]) known.push(await names.useridOf(name));
  assert.deepEqual(known, [1, 1, undefined]);
});

test("lists of hosts and sets of ids are read up to their numbers", () => {
  assert.equal(decodeHostlist(`n[1-${HOSTS_MAX + 1}]`), undefined);
  assert.equal(decodeHostlist(`n[1-${HOSTS_MAX / 64}]`)?.length, HOSTS_MAX / 64);
  assert.equal(decodeIdset(`0-${IDS_MAX}`), undefined);
  assert.equal(decodeIdset(`1-${IDS_MAX / 64}`)?.length, IDS_MAX / 64);
});

test("failed imports are remembered up to their number", () => {
  const failures = new Map<string, number>();
  for (let index = 0; index <= FAILURES_MAX; index++) {
    rememberFailure(failures, `file:${index}`, 1);
    if (index === 10) rememberFailure(failures, "file:0", 2);
  }
  assert.deepEqual(
    [failures.size, failures.get("file:0"), failures.get("file:1")],
    [FAILURES_MAX, 2, undefined],
  );
});

test("a parent that does not answer in its time is none", async () => {
  await using folder = await TemporaryFolder.make();
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket)).listen(folder.of("local"));
  const { timeout } = AbortSignal;
  const limits: number[] = [];
  const mocked = mock.method(AbortSignal, "timeout", (ms: number) => {
    limits.push(ms);
    return timeout.call(AbortSignal, 1);
  });
  try {
    const said: string[] = [];
    const env = { FLUX_URI: `local://${folder.of("local")}` };
    assert.equal(await findParent(env, (text) => said.push(text)), undefined);
    assert.match(said.join(), /^no parent instance at FLUX_URI=/);
    assert.deepEqual(limits, [PARENT_WAIT_MS]);
  } finally {
    mocked.mock.restore();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test("an error holds what a remote shell says up to its length", async () => {
  const said = "x".repeat(SAID_MAX);
  using ssh = new FakeSsh(`printf '%s' ${said}yyy >&2; exit 255`);
  await rejects(connect("ssh://host/x", { env: ssh.env() }), "ECONNRESET", said);
});
