const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** Longest text worth a look: 64 bits in base 58 are 11 digits, in dotted hexadecimal 19. */
const LONGEST = 32;

/**
 * A job id as people write it: `ƒ` or `f` and base 58, decimal, hexadecimal with `0x`, four groups of hexadecimal digits, or with `job.` before these.
 * Undefined for anything else. Source: RFC 19.
 */
export function parseJobId(text: string): bigint | undefined {
  if (text.length > LONGEST) return undefined;
  const groups = /^(?:job\.)?([0-9a-f]{4})\.([0-9a-f]{4})\.([0-9a-f]{4})\.([0-9a-f]{4})$/i.exec(text);
  if (groups !== null) return inRange(BigInt(`0x${groups.slice(1).join("")}`));
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return inRange(BigInt(text));
  const digits = /^[fƒ]([1-9A-HJ-NP-Za-km-z]+)$/.exec(text)?.[1];
  if (digits === undefined) return undefined;
  return inRange([...digits].reduce((id, digit) => id * 58n + BigInt(BASE58.indexOf(digit)), 0n));
}

function inRange(id: bigint): bigint | undefined {
  return id < 1n << 63n ? id : undefined;
}
