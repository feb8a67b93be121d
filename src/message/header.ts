import { FluxError } from "../base/index.ts";

/** Bytes of the header part, always the last part of a message. */
export const HEADER_BYTES = 20;
const MAGIC = 0x8e;
const VERSION = 1;

/** The header of RFC 3: `aux1` and `aux2` mean nodeid/matchtag, errnum/matchtag, sequence/0 or type/status. */
export interface Header {
  type: number;
  flags: number;
  userid: number;
  rolemask: number;
  aux1: number;
  aux2: number;
}

/** The 32-bit big-endian word at `at`. */
export function readWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes the 32-bit big-endian word at `at`. */
export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Checks magic, version and type of the header at `at`; EPROTO when one is wrong. */
export function checkHeader(bytes: Uint8Array, at: number): void {
  if (bytes[at] !== MAGIC)
    throw new FluxError("EPROTO", `bad magic byte 0x${hex(bytes[at])} in message header`);
  if (bytes[at + 1] !== VERSION)
    throw new FluxError("EPROTO", `unsupported message version ${bytes[at + 1]}`);
  const type = bytes[at + 2];
  if (type !== 1 && type !== 2 && type !== 4 && type !== 8) {
    throw new FluxError("EPROTO", `unknown message type ${type}`);
  }
}

/** True when `word` is the first of a header with the right magic and version, and this type; the flags may be any. */
export function isHeaderWord(word: number, type: number): boolean {
  return word >>> 8 === ((MAGIC << 16) | (VERSION << 8) | type);
}

/** Writes the 20 bytes of a header at `at`; `flags` stand for its own. */
export function writeHeader(words: DataView, at: number, header: Readonly<Header>, flags: number): void {
  words.setInt32(at, (MAGIC << 24) | (VERSION << 16) | (header.type << 8) | (flags & 0xff));
  words.setUint32(at + 4, header.userid);
  words.setUint32(at + 8, header.rolemask);
  words.setUint32(at + 12, header.aux1);
  words.setUint32(at + 16, header.aux2);
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, "0");
}
