/** Most ids that a text may name by default; a longer one is refused before memory is spent on it. */
export const IDS_MAX = 1 << 22;

/** Largest id: ranks end below the two special node ids. */
const ID_MAX = 0xfffffffd;

/**
 * The ids of a set such as `0-3,7` or `[0-3,7]`, ascending and each once; the empty text is the empty set. Undefined when the
 * text is none: a range that runs backwards, an id given twice or out of order, leading zeros; or when it names more than `most` ids, by default 4,194,304.
 * Source: RFC 22.
 */
export function decodeIdset(text: string, most = IDS_MAX): number[] | undefined {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const ids: number[] = [];
  if (inner === "") return ids;
  for (const word of inner.split(",")) {
    const match = /^(0|[1-9]\d*)(?:-(0|[1-9]\d*))?$/.exec(word);
    if (match === null) return undefined;
    const low = Number(match[1]);
    const high = match[2] === undefined ? low : Number(match[2]);
    const last = ids.at(-1) ?? -1;
    const backwards = low <= last || (match[2] !== undefined && high <= low);
    if (backwards || high > ID_MAX || ids.length + (high - low) >= most) return undefined;
    for (let id = low; id <= high; id++) ids.push(id);
  }
  return ids;
}

/** The text of a set of ids, given in any order: ranges by a dash, in brackets on demand when it is more than one id. Source: RFC 22. */
export function encodeIdset(ids: Iterable<number>, options: { readonly brackets?: boolean } = {}): string {
  const sorted = [...new Set(ids)].sort((a, b) => a - b);
  const words: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const low = sorted[i]!;
    while (sorted[i + 1] === sorted[i]! + 1) i++;
    const high = sorted[i]!;
    words.push(low === high ? `${low}` : `${low}-${high}`);
  }
  const text = words.join(",");
  return options.brackets === true && sorted.length > 1 ? `[${text}]` : text;
}
