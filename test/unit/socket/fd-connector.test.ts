import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { errno, FluxError } from "../../../src/base/index.ts";
import { Role, textPayload } from "../../../src/message/index.ts";
import { connectFd, FrameSocket } from "../../../src/socket/index.ts";
import { rejects } from "../../helpers/rejects.ts";

const PROGRAM = join(import.meta.dirname, "../../helpers/fd-client.ts");

/** What the program at the other end of descriptor 3 prints, `attend` being its broker. */
async function runClient(uri: string, attend: (socket: Socket) => void): Promise<string> {
  const child = spawn(process.execPath, ["--import", "tsx", PROGRAM, uri], {
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  const socket = child.stdio[3] as Socket;
  socket.allowHalfOpen = true;
  attend(socket);
  const chunks: Uint8Array[] = [];
  for await (const chunk of child.stdout! as AsyncIterable<Uint8Array>) chunks.push(chunk);
  socket.destroy();
  return Buffer.concat(chunks).toString();
}

test("a descriptor that a process was started with leads to its broker", async () => {
  const said = await runClient("fd://3", (socket) => {
    const link = new FrameSocket(socket);
    socket.write(Uint8Array.of(0));
    link.start({
      message(request) {
        const response = request.deriveResponse(0, textPayload(`${request.text}, ${request.topic}`));
        response.rolemask = Role.OWNER;
        link.send(response);
      },
      closed() {},
    });
  });
  assert.equal(said, "fd://3 hello, echo.text");
});

test("the broker may refuse, and hang up", async () => {
  const refused = await runClient("fd://3", (socket) => socket.write(Uint8Array.of(errno.EPERM)));
  assert.match(refused, /^EPERM /);
  const left = await runClient("fd://3", (socket) => socket.end());
  assert.equal(left, "ECONNRESET fd 3 hung up without admitting this client");
});

test("what is no descriptor of a socket is an error", async () => {
  await rejects(connectFd(undefined), "EINVAL", "URI path is not set");
  await rejects(connectFd(""), "EINVAL", "URI path is not set");
  await rejects(connectFd("3x"), "EINVAL", "error parsing file descriptor");
  await rejects(connectFd("-1"), "EINVAL", "error parsing file descriptor");
  const error = await rejects(connectFd("999999"), "EBADF");
  assert(error instanceof FluxError);
});
