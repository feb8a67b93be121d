/** Most hosts that are listed; a longer list is cut. */
const HOSTS_MAX = 1 << 20;

/**
 * The hosts of a list such as `a,node[01-03,7]`, in order. What stands in brackets keeps its leading zeros. Source: RFC 29.
 */
export function expandHostlist(text: string): string[] {
  const hosts: string[] = [];
  for (const [word] of text.matchAll(/(?:[^,[\]]|\[[^\]]*\])+/g)) {
    for (const host of expandWord(word)) {
      if (hosts.length >= HOSTS_MAX) return hosts;
      hosts.push(host);
    }
  }
  return hosts;
}

function* expandWord(word: string): Generator<string> {
  const match = /^([^[]*)\[([^\]]*)\](.*)$/.exec(word);
  if (match === null) {
    yield word;
    return;
  }
  const [, prefix = "", ranges = "", rest = ""] = match;
  for (const range of ranges.split(",")) {
    const [low = "", high = low] = range.split("-");
    for (let number = Number(low); number <= Number(high); number++) {
      const digits = String(number).padStart(low.length, "0");
      for (const tail of expandWord(rest)) yield `${prefix}${digits}${tail}`;
    }
  }
}
