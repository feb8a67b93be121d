/** Most hosts that a text may name; a longer one is refused before memory is spent on it. */
export const HOSTS_MAX = 1 << 20;

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
    // Beyond this numbers can't be counted up one by one.
    if (low === undefined || !Number.isSafeInteger(Number(high))) return undefined;
    if (Number(low) > Number(high)) return undefined;
    if ((Number(high) - Number(low) + 1) * tails.length > room - hosts.length) return undefined;
    for (let number = Number(low); number <= Number(high); number++) {
      const digits = String(number).padStart(low.length, "0");
      for (const tail of tails) hosts.push(`${prefix}${digits}${tail}`);
    }
  }
  return hosts;
}

/** A name in parts: what stands before its last digits, and these. */
interface NumberedHost {
  readonly prefix: string;
  readonly digits: string;
}

/** The text of a list of hosts, in their order: neighbours that differ in their last number only share brackets. Source: RFC 29. */
export function encodeHostlist(hosts: readonly string[]): string {
  const words: string[] = [];
  let run: NumberedHost[] = [];
  const close = (): void => {
    if (run.length > 0) words.push(encodeRun(run));
    run = [];
  };
  for (const host of hosts) {
    const numbered = numberedHost(host);
    if (numbered === undefined) {
      close();
      words.push(host);
      continue;
    }
    if (run[0]?.prefix !== numbered.prefix) close();
    run.push(numbered);
  }
  close();
  return words.join(",");
}

/** Most digits that count as a number: longer ones are part of the name. */
const DIGITS_MAX = 15;

function numberedHost(host: string): NumberedHost | undefined {
  const match = /^(.*?)(\d+)$/s.exec(host);
  if (match === null || match[2]!.length > DIGITS_MAX) return undefined;
  return { prefix: match[1]!, digits: match[2]! };
}

function encodeRun(run: readonly NumberedHost[]): string {
  const { prefix, digits } = run[0]!;
  if (run.length === 1) return prefix + digits;
  const ranges: string[][] = [];
  for (const host of run) {
    const range = ranges.at(-1);
    if (range !== undefined && follows(range.at(-1)!, host.digits)) range[1] = host.digits;
    else ranges.push([host.digits]);
  }
  return `${prefix}[${ranges.map((range) => range.join("-")).join(",")}]`;
}

/** True when `next` is the number behind `digits`, written with the same zeros. */
function follows(digits: string, next: string): boolean {
  return String(Number(digits) + 1).padStart(digits.length, "0") === next;
}
