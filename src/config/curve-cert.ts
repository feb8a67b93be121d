import { createPrivateKey, createPublicKey } from "node:crypto";
import { open } from "node:fs/promises";
import { FluxError, strerror } from "../base/index.ts";

/** The long-term keys of a broker, in Z85 text of 40 characters. */
export interface CurveCert {
  readonly publicKey: string;
  readonly secretKey: string;
  /** Lines of the section `metadata`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Rights of a file that others than its owner may read. */
const READABLE_BY_OTHERS = 0o044;

/** The secret key as OpenSSL wants it: this, then its 32 bytes. */
const X25519_PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");

/**
 * Reads a file of keys, as `flux keygen` writes it.
 * @throws FluxError `PATH: text`: the system's error, EPERM for a file that others may read, EINVAL for one that holds no pair of keys.
 * Source: flux-keygen(1); ZeroMQ's RFC 4 and 32; cert.c in flux-core.
 */
export async function readCurveCert(path: string): Promise<CurveCert> {
  const text = await readPrivate(path);
  const cert = parseCurveCert(text);
  if (cert === undefined) throw new FluxError("EINVAL", `${path}: ${strerror(22)}`);
  return cert;
}

async function readPrivate(path: string): Promise<string> {
  try {
    await using file = await open(path);
    if (((await file.stat()).mode & READABLE_BY_OTHERS) !== 0)
      throw new FluxError("EPERM", "readable by group/other");
    return await file.readFile("utf8");
  } catch (error) {
    const { errno, text } = FluxError.is(error) ? error : new FluxError(FluxError.from(error).errno);
    throw new FluxError(errno, `${path}: ${text ?? strerror(errno)}`, { cause: error });
  }
}

/** The keys in a text; undefined when it is none, or its keys are no pair. */
export function parseCurveCert(text: string): CurveCert | undefined {
  const sections = new Map([
    ["metadata", new Map<string, string>()],
    ["curve", new Map<string, string>()],
  ]);
  let section: Map<string, string> | undefined;
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    if (!/^[ \t]/.test(line)) {
      section = sections.get(trimmed);
      if (section === undefined) return undefined;
      continue;
    }
    const [, key, value] = /^([A-Za-z0-9.-]+)\s*=\s*"([^"]*)"$/.exec(trimmed) ?? [];
    if (section === undefined || key === undefined || value === undefined) return undefined;
    section.set(key, value);
  }
  const {
    "public-key": publicKey,
    "secret-key": secretKey,
    ...others
  } = Object.fromEntries(sections.get("curve")!);
  if (publicKey === undefined || secretKey === undefined || Object.keys(others).length > 0) return undefined;
  return isPair(publicKey, secretKey)
    ? { publicKey, secretKey, metadata: sections.get("metadata")! }
    : undefined;
}

function isPair(publicKey: string, secretKey: string): boolean {
  const [known, secret] = [decodeZ85(publicKey), decodeZ85(secretKey)];
  if (known?.length !== 32 || secret?.length !== 32) return false;
  const key = createPrivateKey({ key: Buffer.concat([X25519_PKCS8, secret]), format: "der", type: "pkcs8" });
  const derived = createPublicKey(key).export({ format: "der", type: "spki" });
  return derived.subarray(-32).equals(known);
}

const Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/** The bytes of Z85 text; undefined for other text. Source: ZeroMQ's RFC 32. */
function decodeZ85(text: string): Buffer | undefined {
  if (text.length % 5 !== 0) return undefined;
  const bytes = Buffer.alloc((text.length / 5) * 4);
  for (let at = 0; at < text.length; at += 5) {
    let word = 0;
    for (const character of text.slice(at, at + 5)) {
      const digit = Z85.indexOf(character);
      if (digit < 0) return undefined;
      word = word * 85 + digit;
    }
    if (word > 0xffffffff) return undefined;
    bytes.writeUInt32BE(word, (at / 5) * 4);
  }
  return bytes;
}
