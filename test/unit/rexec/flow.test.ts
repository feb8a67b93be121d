import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Message, MessageFlag, textPayload } from "../../../src/message/index.ts";
import { ExecFlag } from "../../../src/rexec/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { commandObject, RexecInstance } from "../../helpers/rexec-instance.ts";
import { until } from "../../helpers/until.ts";

/** Bytes that a process has written, as Linux counts them. */
function written(pid: number): number {
  return Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

test("a process is not read from while its client does not read", async () => {
  await using instance = await RexecInstance.start();
  await using client = await RawClient.connect(instance.instance.uri);
  const cmd = commandObject(["cat", "/dev/zero"], { opts: { stdout_LINE_BUFFER: "false" } });
  const request = Message.request({
    topic: "rexec.exec",
    matchtag: 1,
    flags: MessageFlag.STREAMING,
    payload: textPayload(JSON.stringify({ cmd, flags: ExecFlag.STDOUT })),
  });
  const started = await client.ask(request);
  const pid = Number(JSON.parse(started.text!).pid);
  client.socket.pause();
  let last = -1;
  // Nothing more for a while: the pipes are full, and so are a few chunks between them.
  let still = 0;
  await until(
    () => {
      const now = written(pid);
      still = now === last ? still + 1 : 0;
      last = now;
      return now > 0 && still > 100;
    },
    "process is held up",
    20_000,
  );
  assert(last < 16 * 1024 * 1024, `${last} bytes`);
  client.socket.resume();
  await until(() => written(pid) > last + 1024 * 1024, "process goes on", 20_000);
});
