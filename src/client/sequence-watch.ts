import { LAST_SEQ, nextSeq } from "../message/index.ts";

/** What a sequence number says about the ones before it. */
export type SequenceFinding =
  | { readonly kind: "lost"; readonly first: number; readonly last: number }
  | { readonly kind: "duplicate"; readonly seq: number };

/**
 * Watches the sequence numbers of a full stream of events. The first one is the baseline. Only a subscriber to every topic with owner
 * credentials can tell a loss: for any other, events that were not for it leave holes too. Source: RFC 3, flux_event_publish(3).
 */
export class SequenceWatch {
  #last = 0;
  #resumed = false;

  /** Takes the next number; returns what is wrong with it. */
  observe(seq: number): SequenceFinding | undefined {
    const last = this.#resumed && seq <= this.#last ? 0 : this.#last;
    this.#resumed = false;
    if (last !== 0 && !isBehind(seq, last)) return { kind: "duplicate", seq };
    this.#last = seq;
    if (last === 0 || seq === nextSeq(last)) return undefined;
    return { kind: "lost", first: nextSeq(last), last: seq === 1 ? LAST_SEQ : seq - 1 };
  }

  /**
   * The connection was made again. The next number tells what was lost meanwhile, unless it is not above the last one: then rank 0
   * was started again and its numbers with it, and it is a baseline.
   */
  resume(): void {
    this.#resumed = true;
  }

  /** The next number is a baseline again. */
  reset(): void {
    this.#last = 0;
  }
}

/** True when `seq` comes later than `last`; numbers go round, so what is more than half of them away is earlier. */
function isBehind(seq: number, last: number): boolean {
  const ahead = (seq - last) >>> 0;
  return ahead > 0 && ahead < 2 ** 31;
}

/** The finding as flux-core logs it. */
export function describeFinding(finding: SequenceFinding): string {
  if (finding.kind === "duplicate") return `duplicate event ${finding.seq}`;
  return finding.first === finding.last
    ? `lost event ${finding.first}`
    : `lost events ${finding.first}-${finding.last}`;
}
