/** One element of a pattern: any run of characters, or a test of a single one. */
type Element = "*" | ((char: string) => boolean);

/** The character classes of POSIX that a `[...]` may name, in the C locale. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/**
 * A test for texts that match `glob` as fnmatch(3) without flags: `*` and `?` match any character, dots and slashes too, a backslash takes
 * away the meaning of what follows it. Takes time in proportion to the product of both lengths at worst.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const elements = parseGlob([...glob]);
  return (text) => matches(elements, text);
}

/** Walks both at once; at a mismatch the last star takes in one character more. */
function matches(elements: readonly Element[], text: string): boolean {
  const chars = [...text];
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let i = 0; i < chars.length; ) {
    const element = elements[at];
    if (element === "*") {
      star = at++;
      retry = i;
    } else if (element?.(chars[i]!) === true) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++retry;
    } else return false;
  }
  while (elements[at] === "*") at++;
  return at === elements.length;
}

function parseGlob(glob: readonly string[]): Element[] {
  const elements: Element[] = [];
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i]!;
    if (char === "*") elements.push("*");
    else if (char === "?") elements.push(() => true);
    else if (char === "\\") {
      const literal = glob[++i];
      elements.push((other) => other === literal);
    } else {
      const set = char === "[" ? parseSet(glob, i + 1) : undefined;
      elements.push(set?.test ?? ((other) => other === char));
      if (set !== undefined) i = set.end;
    }
  }
  return elements;
}

/** Reads the set whose first character is at `from`; undefined when it never closes, for then its `[` stands for itself. */
function parseSet(
  glob: readonly string[],
  from: number,
): { readonly test: (char: string) => boolean; readonly end: number } | undefined {
  const negated = glob[from] === "!" || glob[from] === "^";
  const first = negated ? from + 1 : from;
  const members: ((char: string) => boolean)[] = [];
  for (let i = first; i < glob.length; i++) {
    if (glob[i] === "]" && i > first) {
      return { test: (char) => members.some((member) => member(char)) !== negated, end: i };
    }
    const name = glob[i] === "[" && glob[i + 1] === ":" ? className(glob, i + 2) : undefined;
    if (name !== undefined) {
      members.push((char) => CLASSES[name]?.test(char) === true);
      i += name.length + 3;
      continue;
    }
    if (glob[i] === "\\") i++;
    const low = glob[i];
    let high = low;
    if (glob[i + 1] === "-" && glob[i + 2] !== undefined && glob[i + 2] !== "]") {
      i += glob[i + 2] === "\\" ? 3 : 2;
      high = glob[i];
    }
    if (low === undefined || high === undefined) return undefined;
    members.push((char) => codeOf(char) >= codeOf(low) && codeOf(char) <= codeOf(high));
  }
  return undefined;
}

/** The letters before `:]`. */
function className(glob: readonly string[], from: number): string | undefined {
  let to = from;
  while (/[a-z]/.test(glob[to] ?? "")) to++;
  return glob[to] === ":" && glob[to + 1] === "]" ? glob.slice(from, to).join("") : undefined;
}

function codeOf(char: string): number {
  return char.codePointAt(0)!;
}
