import { createRequire } from "node:module";

type Koffi = typeof import("koffi");

let libc: ReturnType<Koffi["load"]> | null | undefined;

/**
 * A function of the C library, for the system calls that Node does not have. Undefined on systems other than Linux, and without the optional package koffi.
 * @param prototype - its declaration in C, as koffi reads it.
 */
export function libcFunction<T>(prototype: string): T | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    if (libc === undefined) libc = (createRequire(import.meta.url)("koffi") as Koffi).load(null);
    return libc?.func(prototype) as T | undefined;
  } catch {
    return undefined;
  }
}

/** Address of memory that stays where it is, for structures with pointers; undefined without koffi. The caller keeps it alive. */
export function addressOf(bytes: Uint8Array): bigint | undefined {
  try {
    return BigInt((createRequire(import.meta.url)("koffi") as Koffi).address(bytes));
  } catch {
    return undefined;
  }
}
