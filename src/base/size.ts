import { FluxError } from "./flux-error.ts";

const SCALES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1024,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  P: 1024 ** 5,
  E: 1024 ** 6,
};

/**
 * Bytes of a size such as `4096`, `0x1000`, `64k` or `1.5M` (powers of 1024), rounded down.
 * @throws FluxError EINVAL for what is none, EOVERFLOW beyond 64 bits.
 */
export function parseSize(text: string): number {
  const match = /^\s*\+?(0x[\da-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)([kKMGTPE]?)$/i.exec(
    text,
  );
  const scale = match === null ? undefined : SCALES[match[2]!];
  if (match === null || scale === undefined) throw new FluxError("EINVAL");
  const bytes = Math.floor(Number(match[1]) * scale);
  if (bytes >= 2 ** 64) throw new FluxError("EOVERFLOW");
  return bytes;
}
