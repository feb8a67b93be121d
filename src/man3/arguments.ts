import { concatBytes, FluxError } from "../base/index.ts";
import { textPayload } from "../message/index.ts";

/** C's NULL for an argument that may be left out. */
export type Null = null | undefined;

/** `value`, unless it is NULL. Throws EINVAL, as the C functions do. */
export function given<T>(value: T | Null, name: string): T {
  if (value === null || value === undefined) throw new FluxError("EINVAL", `${name} is NULL`);
  return value;
}

/** `text` as C could have it: not NULL, and without a NUL inside. Throws EINVAL. */
export function givenText(text: string | Null, name: string): string {
  if (typeof given(text, name) !== "string") throw new FluxError("EINVAL", `${name} is no string`);
  if (text!.includes("\0")) throw new FluxError("EINVAL", `${name} holds a NUL`);
  return text!;
}

/** The payload of a string with its NUL; undefined for NULL. Throws EINVAL as `givenText`, ENOMEM. */
export function stringPayload(s: string | Null): Uint8Array | undefined {
  return s === null || s === undefined ? undefined : textPayload(givenText(s, "s"));
}

/** A copy of the bytes, as C takes one, so that the caller may go on using them; undefined for NULL. Throws EINVAL, ENOMEM. */
export function rawPayload(data: Uint8Array | Null): Uint8Array | undefined {
  return data === null || data === undefined ? undefined : concatBytes([givenBytes(data)]);
}

/** `data`, which is bytes or NULL, but nothing else. Throws EINVAL. */
export function givenBytes<T extends Uint8Array | Null>(data: T): T {
  if (data !== null && data !== undefined && !(data instanceof Uint8Array)) {
    throw new FluxError("EINVAL", "data is no Uint8Array");
  }
  return data;
}

/** Throws EINVAL when `flags` has bits besides `allowed`. */
export function checkFlags(flags: number, allowed: number): void {
  if (!Number.isInteger(flags) || (flags & ~allowed) !== 0) {
    throw new FluxError("EINVAL", `flags ${flags} has bits other than ${allowed}`);
  }
}
