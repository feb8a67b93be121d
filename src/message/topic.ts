import { utf8Length } from "../base/index.ts";
import { globMatcher } from "./glob.ts";

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
  const matches = globMatcher(glob);
  return (topic) => topic !== undefined && matches(topic);
}

/** True when `text` takes no more than `limit` bytes of UTF-8. */
export function utf8Fits(text: string, limit: number): boolean {
  return text.length * 3 <= limit || utf8Length(text) <= limit;
}
