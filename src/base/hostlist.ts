/** Most hosts that a text may name; a longer one is refused before memory is spent on it. */
const HOSTS_MAX = 1 << 20;

/**
 * The hosts of a list such as `a,node[01-03,7]`, in order; what stands in brackets keeps its leading zeros. Undefined when the text is
 * none: brackets that don't match or are empty, a range that is no number or runs backwards. Source: RFC 29.
 */
export function decodeHostlist(text: string): string[] | undefined {
  const hosts: string[] = [];
  if (!/^(?:[^[\]]|\[[^[\]]+\])*$/.test(text)) return undefined;
  for (const [word] of text.matchAll(/(?:[^,[\]]|\[[^\]]*\])+/g)) {
    const expanded = expandWord(word, HOSTS_MAX - hosts.length);
    if (expanded === undefined) return undefined;
    for (const host of expanded) hosts.push(host);
  }
  return hosts;
}

function expandWord(word: string, room: number): string[] | undefined {
  const match = /^([^[]*)\[([^\]]*)\](.*)$/s.exec(word);
  if (match === null) return room < 1 ? undefined : [word];
  const [, prefix = "", ranges = "", rest = ""] = match;
  const tails = expandWord(rest, room);
  if (tails === undefined) return undefined;
  const hosts: string[] = [];
  for (const range of ranges.split(",")) {
    const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (low === undefined || Number(low) > Number(high)) return undefined;
    if ((Number(high) - Number(low) + 1) * tails.length > room - hosts.length) return undefined;
    for (let number = Number(low); number <= Number(high); number++) {
      const digits = String(number).padStart(low.length, "0");
      for (const tail of tails) hosts.push(`${prefix}${digits}${tail}`);
    }
  }
  return hosts;
}
