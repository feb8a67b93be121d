import assert from "node:assert/strict";
import type { Event, EventMark, Replay } from "../../src/client/index.ts";

/** An event, or a mark, as a word: `TOPIC@SEQ`, `=SEQ` for complete, `!FIRST-LAST` for lost. */
export function word(item: Event | EventMark): string {
  if (item.kind === "event") return `${item.topic}@${item.seq}`;
  if (item.kind === "complete") return `=${item.position.seq}`;
  return `!${item.lost.first}-${item.lost.last ?? "?"}`;
}

/** The next `count` items of a replay as words. */
export async function words(
  replay: Replay<Event> | Replay<Event | EventMark>,
  count: number,
): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const { done, value } = await replay.next();
    if (done === true) assert.fail(`replay ended behind ${seen.join(" ")}`);
    seen.push(word(value));
  }
  return seen;
}

/** The words up to the one that is `last`, at most 10,000. */
export async function wordsTo(replay: Replay<Event | EventMark>, last: string): Promise<string[]> {
  const seen: string[] = [];
  while (seen.at(-1) !== last) {
    assert(seen.length < 10_000, `${last} does not come`);
    seen.push(...(await words(replay, 1)));
  }
  return seen;
}
