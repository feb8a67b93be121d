import { createRequire } from "node:module";

type Koffi = typeof import("koffi");

let koffi: Koffi | undefined;
let libc: ReturnType<Koffi["load"]> | undefined;

/**
 * A function of the C library, for the system calls that Node does not have. Undefined on systems other than Linux, and without the optional package koffi.
 * @param prototype - its declaration in C, as koffi reads it.
 */
export function libcFunction<T>(prototype: string): T | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    koffi ??= createRequire(import.meta.url)("koffi") as Koffi;
    libc ??= koffi.load(null);
    return libc.func(prototype) as T;
  } catch {
    return undefined;
  }
}

/** Address of memory that stays where it is, for structures with pointers; undefined without koffi. The caller keeps it alive. */
export function addressOf(bytes: Uint8Array): bigint | undefined {
  try {
    koffi ??= createRequire(import.meta.url)("koffi") as Koffi;
    return BigInt(koffi.address(bytes));
  } catch {
    return undefined;
  }
}

/** The error number of the call before, of a function of the C library. */
export function libcErrno(): number {
  return koffi?.errno() ?? 0;
}
