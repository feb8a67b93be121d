import { createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { lstat, open, realpath, rename, rm, stat } from "node:fs/promises";
import { decodeZ85, FluxError, strerror } from "../base/index.ts";

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

/** A text as flux-core's reader takes it apart: lines, and the rest of a line that is longer than its buffer as one more. */
const LINES = /[^\n]{0,254}\n|[^\n]{1,255}/g;
const KEY = /^[A-Za-z0-9.-]+$/;
const VALUE = /^[A-Za-z0-9.\-:+=^!/*?&<>()[\]{}@%$# \t]*$/;

/** The keys in a text; undefined when it is none, or its keys are no pair. */
export function parseCurveCert(text: string): CurveCert | undefined {
  const metadata = new Map<string, string>();
  const curve = new Map<string, string>();
  let section: Map<string, string> | undefined;
  for (const [line] of text.matchAll(LINES)) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    if (!/^[ \t]/.test(line)) {
      if (trimmed !== "metadata" && trimmed !== "curve") return undefined;
      section = trimmed === "metadata" ? metadata : curve;
      continue;
    }
    const entry = parseEntry(trimmed);
    if (section === undefined || entry === undefined) return undefined;
    if (section === metadata && metadata.has(entry.key)) return undefined;
    section.set(entry.key, entry.value);
  }
  const publicKey = curve.get("public-key");
  const secretKey = curve.get("secret-key");
  if (publicKey === undefined || secretKey === undefined || curve.size > 2) return undefined;
  return isPair(publicKey, secretKey) ? { publicKey, secretKey, metadata } : undefined;
}

function parseEntry(line: string): { key: string; value: string } | undefined {
  const equals = line.indexOf("=");
  const key = line.slice(0, equals).trim();
  const value = line.slice(equals + 1).trim();
  if (equals < 0 || !KEY.test(key) || value.length < 2 || !value.startsWith('"') || !value.endsWith('"'))
    return undefined;
  const inner = value.slice(1, -1);
  return VALUE.test(inner) ? { key, value: inner } : undefined;
}

/** True when a line of metadata can be read back: its key and value hold only characters that the format knows, and it fits a line. */
export function isCurveMetadata(key: string, value: string): boolean {
  return KEY.test(key) && VALUE.test(value) && key.length + value.length < 240;
}

/**
 * Writes a file of keys, as `flux keygen` does, that only its owner may read; one that is there is replaced.
 * @throws FluxError EINVAL for metadata that no reader would take; EPERM for a symbolic link of another user; the system's error with the path in its text.
 */
export async function writeCurveCert(path: string, cert: CurveCert): Promise<void> {
  const text = formatCurveCert(cert);
  try {
    const target = await targetOf(path);
    if (target === undefined) {
      await using device = await open(path, "w");
      await device.writeFile(text);
    } else await replaceFile(target, text);
  } catch (error) {
    const { errno } = FluxError.from(error);
    throw new FluxError(errno, `${path}: ${strerror(errno)}`, { cause: error });
  }
}

/**
 * The file to write, behind symbolic links of this user and root; undefined for a device or a pipe.
 * @throws FluxError EPERM for a symbolic link of another user, who would say which file is replaced.
 */
async function targetOf(path: string): Promise<string | undefined> {
  const entry = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (entry === undefined) return path;
  if (!entry.isSymbolicLink()) return entry.isFile() ? path : undefined;
  if (entry.uid !== 0 && entry.uid !== process.getuid?.()) throw new FluxError("EPERM");
  const target = await realpath(path);
  return (await stat(target)).isFile() ? target : undefined;
}

/** Puts a new file in the place of `path`. Who has the old one open, from a time when it could be read, does not see the new text. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await using file = await open(draft, "wx", 0o600);
    await file.writeFile(text);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function formatCurveCert({ publicKey, secretKey, metadata }: CurveCert): string {
  for (const [key, value] of metadata)
    if (!isCurveMetadata(key, value))
      throw new FluxError("EINVAL", `metadata ${key}=${value} can't be written`);
  const lines = [...metadata].map(([key, value]) => `    ${key} = "${value}"\n`);
  return `#  ZeroMQ CURVE **Secret** Certificate
#  DO NOT DISTRIBUTE

metadata
${lines.join("")}curve
    public-key = "${publicKey}"
    secret-key = "${secretKey}"
`;
}

function isPair(publicKey: string, secretKey: string): boolean {
  const [known, secret] = [decodeZ85(publicKey), decodeZ85(secretKey)];
  if (known?.length !== 32 || secret?.length !== 32) return false;
  const key = createPrivateKey({ key: Buffer.concat([X25519_PKCS8, secret]), format: "der", type: "pkcs8" });
  const derived = createPublicKey(key).export({ format: "der", type: "spki" });
  return derived.subarray(-32).equals(known);
}
