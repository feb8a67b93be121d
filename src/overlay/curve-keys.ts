import { generateKeyPairSync } from "node:crypto";
import { decodeZ85, encodeZ85 } from "../base/index.ts";

/** The long-term keys of a broker, each in Z85 text of 40 characters. */
export interface CurveKeys {
  readonly publicKey: string;
  readonly secretKey: string;
}

/** New keys. Source: ZeroMQ's RFC 26, whose keys are those of X25519. */
export function generateCurveKeys(): CurveKeys {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const raw = (text: string | undefined): string => encodeZ85(Buffer.from(text!, "base64url"));
  const { x } = publicKey.export({ format: "jwk" });
  const { d } = privateKey.export({ format: "jwk" });
  return { publicKey: raw(x), secretKey: raw(d) };
}

/** True for a key in Z85: 40 characters that stand for 32 bytes. */
export function isCurveKey(text: string): boolean {
  return decodeZ85(text)?.length === 32;
}
