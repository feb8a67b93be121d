import { Socket } from "node:net";
import { hostname } from "node:os";
import type { Readable, Writable } from "node:stream";
import { type Command, command } from "../commander.ts";
import { about } from "../failure.ts";

/** `fluxbus relay PATH`: what an ssh:// connector runs at the other end. Source: flux-relay in flux-core. */
export function relayCommand(): Command {
  return command("relay")
    .description("pass messages between standard input and output and a broker: for ssh:// connectors")
    .argument("<target>", "path of the broker's socket, or its URI")
    .action(async (target: string) => {
      const { relay } = await import("../../proxy/index.ts");
      await about(hostname(), relay(target, { input: standardInput(), output: standardOutput() }));
    });
}

/** Node writes to pipes in a way that stops the whole process while nobody reads; as sockets they wait for themselves. */
function standardOutput(): Writable {
  return socketOf(1) ?? process.stdout;
}

function standardInput(): Readable {
  return socketOf(0) ?? process.stdin;
}

function socketOf(fd: 0 | 1): Socket | undefined {
  try {
    return new Socket({ fd, readable: fd === 0, writable: fd === 1, allowHalfOpen: true });
  } catch {
    return undefined; // a file or a terminal
  }
}
