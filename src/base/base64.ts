import { decodeLatin1, utf8Length } from "./bytes.ts";
import { FluxError } from "./flux-error.ts";

interface HostBufferClass {
  from(text: string, encoding: "base64"): Uint8Array;
  from(memory: ArrayBufferLike, offset: number, length: number): { toString(encoding: "base64"): string };
}

const host = (globalThis as { Buffer?: HostBufferClass }).Buffer;

/** The longest text of V8, in characters; other hosts take more. */
const LONGEST_TEXT = 2 ** 29 - 24;

/** `bytes` in base64 (RFC 4648, standard alphabet, padded). Throws ENOMEM when there is no text that long. */
export function encodeBase64(bytes: Uint8Array): string {
  if (Math.ceil(bytes.length / 3) * 4 > LONGEST_TEXT) throw new FluxError("ENOMEM");
  if (host === undefined) return btoa(decodeLatin1(bytes));
  return host.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * The bytes of a base64 text, or undefined when it is malformed. As strict as flux-core's decoder, and as lenient: padding may
 * be missing, but whitespace, the URL alphabet, `=` before the last four characters and a last group of one are refused.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const tail = text.length === 0 ? 0 : ((text.length - 1) % 4) + 1;
  let end = text.length;
  while (end > text.length - tail && text[end - 1] === "=") end--;
  if (end % 4 === 1 || text.includes("-") || text.includes("_")) return undefined;
  // The host takes a character beyond a byte for its low byte.
  if (utf8Length(text) !== text.length) return undefined;
  const expected = Math.floor((end * 3) / 4);
  if (host === undefined) return decodeWithAtob(text.slice(0, end), expected);
  const bytes = host.from(end === text.length ? text : text.slice(0, end), "base64");
  return bytes.length === expected ? bytes : undefined;
}

function decodeWithAtob(text: string, expected: number): Uint8Array | undefined {
  if (/[^A-Za-z0-9+/]/.test(text)) return undefined;
  const characters = atob(text);
  const bytes = new Uint8Array(expected);
  for (let i = 0; i < expected; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
