import { FluxError } from "./flux-error.ts";

/**
 * @file Bytes and text. Works with plain Uint8Array everywhere; where the host has a Buffer its native text
 * routines are used, for they are several times faster on short strings.
 */
interface HostBuffer extends Uint8Array {
  toString(encoding?: string, start?: number, end?: number): string;
  write(text: string, offset: number, length: number, encoding: string): number;
}
interface HostBufferClass {
  from(memory: ArrayBufferLike, offset: number, length: number): HostBuffer;
  allocUnsafeSlow(size: number): HostBuffer;
  byteLength(text: string): number;
  /** What `toString` and `write` call: they take any view, which needs no Buffer made of it first. */
  readonly prototype: {
    readonly latin1Slice?: (this: Uint8Array, start: number, end: number) => string;
    readonly utf8Slice?: (this: Uint8Array, start: number, end: number) => string;
    readonly utf8Write?: (this: Uint8Array, text: string, offset: number, length: number) => number;
  };
}

const host = (globalThis as { Buffer?: HostBufferClass }).Buffer;
const latin1Slice = host?.prototype.latin1Slice;
const utf8Slice = host?.prototype.utf8Slice;
const utf8Write = host?.prototype.utf8Write;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Above this an allocation has an ArrayBuffer of its own. */
const POOLED_BYTES = 2048;
const POOL_BYTES = 8192;

/** No bytes. */
export const EMPTY = new Uint8Array(0);

let pool: ArrayBufferLike = EMPTY.buffer;
let pooled = 0;

/**
 * `size` bytes whose content is undefined; small ones may share one ArrayBuffer. Never a Buffer: engines are slow at what is of more than one class,
 * and at parts of a Buffer.
 * @throws FluxError ENOMEM when the host refuses the memory.
 */
export function allocate(size: number): Uint8Array {
  try {
    if (host === undefined) return new Uint8Array(size);
    if (size > POOLED_BYTES) return new Uint8Array(host.allocUnsafeSlow(size).buffer);
    let start = pooled;
    if (start + size > pool.byteLength) {
      pool = host.allocUnsafeSlow(POOL_BYTES).buffer;
      start = 0;
    }
    const bytes = new Uint8Array(pool, start, size);
    pooled = start + ((size + 7) & -8);
    return bytes;
  } catch (error) {
    throw new FluxError("ENOMEM", undefined, { cause: error });
  }
}

/** The same bytes as a plain Uint8Array: a part of one costs half of what a part of a Buffer does. */
export function plainView(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function asHost(bytes: Uint8Array, type: HostBufferClass): HostBuffer {
  return bytes instanceof (type as unknown as new () => HostBuffer)
    ? bytes
    : type.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Text of `bytes[start, end)`; what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (utf8Slice !== undefined) return utf8Slice.call(bytes, start, end);
  if (host === undefined) return decoder.decode(bytes.subarray(start, end));
  return asHost(bytes, host).toString("utf8", start, end);
}

/** Text of `bytes[start, end)`, or undefined when they are not strict UTF-8. */
export function decodeUtf8Strict(bytes: Uint8Array, start = 0, end = bytes.length): string | undefined {
  const text = decodeUtf8(bytes, start, end);
  if (!text.includes("\ufffd") && !text.startsWith("\ufeff")) return text;
  try {
    return strictDecoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Text of `bytes[start, end)`, one character a byte. */
export function decodeLatin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (latin1Slice !== undefined) return latin1Slice.call(bytes, start, end);
  if (host !== undefined) return asHost(bytes, host).toString("latin1", start, end);
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Number of UTF-8 bytes of `text`. */
export function utf8Length(text: string): number {
  return host === undefined ? encoder.encode(text).length : host.byteLength(text);
}

/** Writes `text` as UTF-8 at `offset`, where there is room for it; returns the number of bytes written. */
export function writeUtf8(bytes: Uint8Array, offset: number, text: string): number {
  if (utf8Write !== undefined) return utf8Write.call(bytes, text, offset, bytes.length - offset);
  if (host === undefined) return encoder.encodeInto(text, bytes.subarray(offset)).written;
  return asHost(bytes, host).write(text, offset, bytes.length - offset, "utf8");
}

/** Writes `text`, whose characters are all below 256, at `offset`, a byte each. */
export function writeLatin1(bytes: Uint8Array, offset: number, text: string): void {
  if (host !== undefined) asHost(bytes, host).write(text, offset, text.length, "latin1");
  else for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
}

/** UTF-8 bytes of `text` followed by a NUL: the form of a Flux string payload (RFC 3). */
export function encodeCString(text: string): Uint8Array {
  const bytes = allocate(utf8Length(text) + 1);
  bytes[writeUtf8(bytes, 0, text)] = 0;
  return bytes;
}

/** Up to this many bytes a loop copies a part faster than the host's routine, which wants a view of it. */
export const SHORT_BYTES = 40;

/** Copies `from[start, end)` to `to` at `at`. A plain loop beats the native call for short spans, and a view costs more than the copy. */
export function copyBytes(to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length > 16 && length === from.length) to.set(from, at);
  else if (length > SHORT_BYTES) to.set(from.subarray(start, end), at);
  else for (let i = start, j = at; i < end; i++, j++) to[j] = from[i]!;
}

/** True when both hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** All `parts` in one array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = allocate(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
