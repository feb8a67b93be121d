import { FluxError } from "../base/index.ts";
import { parseJson, stringifyJson, unpack } from "../json/index.ts";

/** Longest card, in bytes: a process manager takes values of 1024 with their NUL. */
const CARD_MAX = 1023;

/** How the brokers of an instance find one another: each shows its card. Source: bizcard.c in flux-core. */
export interface BusinessCard {
  readonly host: string;
  /** Where its children connect to, the best for all first; empty for a broker that has none. */
  readonly uris: readonly string[];
  /** Its public key, in Z85. */
  readonly publicKey: string | undefined;
}

/** @throws FluxError ENAMETOOLONG for a card of more than 1023 bytes: a long path of the run directory. */
export function encodeCard({ host, uris, publicKey }: BusinessCard): string {
  const text = stringifyJson({
    host,
    uri: [...uris],
    ...(publicKey === undefined ? {} : { pubkey: publicKey }),
  });
  if (Buffer.byteLength(text) > CARD_MAX)
    throw new FluxError("ENAMETOOLONG", `business card of more than ${CARD_MAX} bytes: ${text}`);
  return text;
}

/** @throws FluxError EPROTO for a text that is no card. */
export function decodeCard(text: string): BusinessCard {
  const [host, publicKey, uris] = unpack(parseJson(text), "{s:s s?s s:o}", "host", "pubkey", "uri");
  if (!Array.isArray(uris) || uris.some((uri) => typeof uri !== "string"))
    throw new FluxError("EPROTO", `business card without addresses: ${text}`);
  return { host, publicKey, uris: uris as string[] };
}
