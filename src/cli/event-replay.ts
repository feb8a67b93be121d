import { describeLost, type Event, type EventMark, type Flux, type Since } from "../client/index.ts";
import { formatPosition } from "../message/index.ts";
import { describeMark } from "./event-line.ts";
import { about } from "./failure.ts";
import { print, warn } from "./output.ts";

export interface ReplayedOptions {
  readonly since: Since;
  readonly json?: true;
  readonly marks?: true;
  readonly verbose?: true;
}

/**
 * The events under some prefixes from a position on. What is lost is told in its place, and with `marks` how far all is complete: to stderr, or as JSON to
 * stdout.
 */
export async function* replayed(
  flux: Flux,
  prefixes: readonly string[],
  { since, json, marks, verbose }: ReplayedOptions,
): AsyncGenerator<Event> {
  // One replay is in order by itself; what it brings besides is left out here.
  await using replay = flux.subscribe(commonStart(prefixes), { since, marks: true });
  await about("--since", replay.ready);
  if (verbose) warn("fluxbus event sub: subscribed");
  for await (const item of replay) {
    if (item.kind === "event") {
      if (prefixes.some((prefix) => item.topic.startsWith(prefix))) yield item;
    } else if (item.kind === "lost" || marks) {
      if (json) print(describeMark(item));
      else warn(`fluxbus event sub: ${markText(item)}`);
    }
  }
}

function markText(mark: EventMark): string {
  return mark.kind === "lost"
    ? `lost: ${describeLost(mark.lost)}`
    : `complete up to ${formatPosition(mark.position)}`;
}

/** What all of the words begin with. */
export function commonStart(words: readonly string[]): string {
  const [first = "", ...others] = words;
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
