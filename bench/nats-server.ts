import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import type { Closers } from "./control/closers.ts";

const START_MS = 5_000;

/** The nats-server on PATH; undefined when there is none. */
export function findNats(): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "nats-server"))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Starts nats-server on a free port of this host; returns `host:port` once it takes connections. It ends with `closers`. */
export async function startNats(closers: Closers): Promise<string> {
  const file = findNats();
  if (file === undefined) throw new Error("nats-server is not on PATH");
  const port = await freePort();
  const server = spawn(file, ["-a", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  await once(server, "spawn");
  const exited = once(server, "exit");
  closers.defer(async () => {
    server.kill("SIGKILL");
    await exited;
  });
  const deadline = performance.now() + START_MS;
  while (!(await takesConnections(port))) {
    if (server.exitCode !== null || performance.now() > deadline)
      throw new Error("nats-server did not start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return `127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
