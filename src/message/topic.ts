import { utf8Length } from "../base/index.ts";

/** Longest topic of a disconnect or cancel request; a request whose disconnect topic is longer can't be tracked. */
export const TOPIC_MAX = 255;

/** The service of a topic: the part before its first dot, or all of it. */
export function serviceOf(topic: string): string {
  const dot = topic.indexOf(".");
  return dot < 0 ? topic : topic.slice(0, dot);
}

/** The method of a topic: what follows its first dot, or nothing. */
export function methodOf(topic: string): string {
  const dot = topic.indexOf(".");
  return dot < 0 ? "" : topic.slice(dot + 1);
}

/**
 * The topic that goes with `topic` under another last word: `a.b.c` and `disconnect` give `a.b.disconnect`, a topic
 * without a dot gives the word alone. So disconnect and cancel requests are addressed (RFC 6).
 */
export function siblingTopic(topic: string, word: string): string {
  return topic.slice(0, topic.lastIndexOf(".") + 1) + word;
}

/**
 * A test for topics that match `glob`: nothing or `*` matches all; a pattern with `*`, `?` or `[` matches as fnmatch(3)
 * without flags, so that `*` crosses dots; any other text matches itself.
 */
export function topicMatcher(glob: string | undefined): (topic: string | undefined) => boolean {
  if (glob === undefined || glob === "" || glob === "*") return () => true;
  if (!/[*?[]/.test(glob)) return (topic) => topic === glob;
  const pattern = globPattern(glob);
  return (topic) => topic !== undefined && pattern.test(topic);
}

function globPattern(glob: string): RegExp {
  let source = "";
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i]!;
    if (char === "*") source += source.endsWith(".*") ? "" : ".*";
    else if (char === "?") source += ".";
    else if (char === "\\" && i + 1 < glob.length) source += escapePattern(glob[++i]!);
    else if (char === "[") {
      const close = glob.indexOf("]", glob[i + 1] === "!" || glob[i + 1] === "^" ? i + 3 : i + 2);
      if (close < 0) source += "\\[";
      else {
        const set = glob.slice(i + 1, close);
        const negated = set[0] === "!" || set[0] === "^";
        source += `[${negated ? "^" : ""}${set.slice(negated ? 1 : 0).replace(/[\\\]^[]/g, "\\$&")}]`;
        i = close;
      }
    } else source += escapePattern(char);
  }
  return new RegExp(`^${source}$`, "su");
}

function escapePattern(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** True when `text` takes no more than `limit` bytes of UTF-8. */
export function utf8Fits(text: string, limit: number): boolean {
  return text.length * 3 <= limit || utf8Length(text) <= limit;
}
