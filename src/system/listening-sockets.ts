import { closeSync, readdirSync } from "node:fs";
import { addressOf, libcFunction } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_DEFER_ACCEPT = 9;
const AF_INET = 2;
const AF_INET6 = 10;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** `BPF_RET | BPF_K` of linux/filter.h. */
const BPF_RETURN = 6;
/** Longest socket address. */
const ADDRESS_BYTES = 128;
/** Connections that one `flush` closes: more than a queue of this system holds by default. */
const MOST_FLUSHED = 8192;

interface Calls {
  readonly getsockopt: (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    size: Uint32Array,
  ) => number;
  readonly setsockopt: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number;
  readonly getsockname: (fd: number, address: Uint8Array, size: Uint32Array) => number;
  readonly fcntl: (fd: number, command: number, type: "int", value: number) => number;
  readonly accept4: (fd: number, address: null, size: null, flags: number) => number;
  /** A `struct sock_fprog` whose one instruction drops every packet. */
  readonly dropAll: Uint8Array;
}

let known: Calls | undefined;
/** The instruction that the structure points to: accept 0 bytes of the packet. Not in the heap of the engine, which moves. */
const instruction = new Uint8Array(new ArrayBuffer(8));

function load(): Calls | undefined {
  if (known !== undefined) return known;
  const getsockopt = libcFunction<Calls["getsockopt"]>(
    "int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)",
  );
  const setsockopt = libcFunction<Calls["setsockopt"]>("int setsockopt(int, int, int, uint8_t *, uint32_t)");
  const getsockname = libcFunction<Calls["getsockname"]>(
    "int getsockname(int, _Out_ uint8_t *, _Inout_ uint32_t *)",
  );
  const fcntl = libcFunction<Calls["fcntl"]>("int fcntl(int, int, ...)");
  const accept4 = libcFunction<Calls["accept4"]>("int accept4(int, void *, void *, int)");
  const address = addressOf(instruction);
  if (!getsockopt || !setsockopt || !getsockname || !fcntl || !accept4 || address === undefined)
    return undefined;
  // Structures have the byte order of this machine.
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  new DataView(instruction.buffer).setUint16(0, BPF_RETURN, little);
  const dropAll = new Uint8Array(16);
  const fields = new DataView(dropAll.buffer);
  fields.setUint16(0, 1, little);
  fields.setBigUint64(8, address, little);
  known = { getsockopt, setsockopt, getsockname, fcntl, accept4, dropAll };
  return known;
}

/**
 * The TCP sockets that a library listens with, which it would not let one pause: found by their port among the
 * descriptors of this process. Nothing is closed; the library does that, after `forget`.
 */
export class ListeningSockets {
  readonly #calls: Calls;
  #descriptors: readonly number[];

  private constructor(calls: Calls, descriptors: readonly number[]) {
    this.#calls = calls;
    this.#descriptors = descriptors;
  }

  /** Descriptors of the sockets that listen now; undefined on systems other than Linux, and without koffi. */
  static all(): ReadonlySet<number> | undefined {
    const calls = load();
    return calls === undefined ? undefined : new Set(listening(calls));
  }

  /** Those that listen at one of `ports` and are not in `before`; undefined when there are none, or they can't be found. */
  static find(ports: ReadonlySet<number>, before: ReadonlySet<number>): ListeningSockets | undefined {
    const calls = load();
    if (calls === undefined) return undefined;
    const found = listening(calls).filter((fd) => !before.has(fd) && ports.has(portOf(calls, fd)));
    if (found.length === 0) return undefined;
    // The library waits for a connection before it accepts one: it must not wait again when `flush` was faster.
    for (const fd of found) calls.fcntl(fd, F_SETFL, "int", calls.fcntl(fd, F_GETFL, "int", 0) | O_NONBLOCK);
    return new ListeningSockets(calls, found);
  }

  /**
   * Has the system accept no connection before its first bytes are there, or `seconds` have passed: one that says nothing costs
   * this process no descriptor until then.
   */
  deferAccept(seconds: number): void {
    const value = new Uint8Array(new Int32Array([seconds]).buffer);
    for (const fd of this.#descriptors) this.#calls.setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, value, 4);
  }

  /** Has the system drop what comes for new connections, whose peers try again for a while. Connections that stand are not touched. */
  pause(): void {
    const { setsockopt, dropAll } = this.#calls;
    for (const fd of this.#descriptors) setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, dropAll, dropAll.length);
  }

  /** Takes new connections again. */
  resume(): void {
    for (const fd of this.#descriptors)
      this.#calls.setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, new Uint8Array(4), 4);
  }

  /** Closes the connections that stand but were not accepted yet; returns how many. Needs one free descriptor. */
  flush(): number {
    let count = 0;
    for (const fd of this.#descriptors) {
      for (; count < MOST_FLUSHED; count++) {
        const connection = this.#calls.accept4(fd, null, null, SOCK_CLOEXEC);
        if (connection < 0) break;
        closeSync(connection);
      }
    }
    return count;
  }

  /** The library is about to close its sockets: their numbers will be those of others. */
  forget(): void {
    this.#descriptors = [];
  }
}

function listening({ getsockopt }: Calls): number[] {
  const value = new Uint8Array(4);
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => {
      value.fill(0);
      const size = new Uint32Array([value.length]);
      return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, size) === 0 && value.some((byte) => byte !== 0);
    });
}

/** The port that a socket has; 0 for one that is no TCP socket. */
function portOf({ getsockname }: Calls, fd: number): number {
  const address = new Uint8Array(ADDRESS_BYTES);
  if (getsockname(fd, address, new Uint32Array([ADDRESS_BYTES])) !== 0) return 0;
  const [family] = new Uint16Array(address.buffer, 0, 1);
  return family === AF_INET || family === AF_INET6 ? (address[2]! << 8) | address[3]! : 0;
}
