import { type EventPosition, type EventRange, LAST_SEQ } from "../message/index.ts";

/**
 * The numbers of all events on one line, so that they can be compared and counted: 1 and up from the beginning of the first epoch, over the end of the
 * 32 bits, where the epoch after goes on. A sequence number alone means the place on the line that is nearest to a known one.
 */
export class SequenceLine {
  #epoch: number;

  /** @param epoch - the epoch that 1 to 2^32 - 1 are in; 0: not known */
  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** True when the epochs have names. */
  get named(): boolean {
    return this.#epoch !== 0;
  }

  /** Says that `place` is in this epoch. */
  name(place: number, epoch: number): void {
    this.#epoch = epoch - epochsBefore(place);
  }

  /** The place of number `seq` that is nearest to `near`. */
  nearest(seq: number, near: number): number {
    let distance = seq - seqOf(near);
    if (distance > LAST_SEQ / 2) distance -= LAST_SEQ;
    else if (distance < -LAST_SEQ / 2) distance += LAST_SEQ;
    return near + distance;
  }

  /** The event at `place`; 0 is before the first. */
  position(place: number): EventPosition {
    if (place === 0) return { epoch: this.#epoch, seq: 0 };
    return { epoch: this.named ? this.#epoch + epochsBefore(place) : 0, seq: seqOf(place) };
  }

  /** The last place of the epoch of `place`. */
  epochEnd(place: number): number {
    return (epochsBefore(place) + 1) * LAST_SEQ;
  }

  /** The events from `first` to `last`: one range for each epoch. */
  ranges(first: number, last: number): EventRange[] {
    const ranges: EventRange[] = [];
    for (let at = first; at <= last; ) {
      const end = Math.min(last, this.epochEnd(at));
      const { epoch, seq } = this.position(at);
      ranges.push({ epoch, first: seq, last: seqOf(end) });
      at = end + 1;
    }
    return ranges;
  }
}

/** The sequence number at `place`, which is above 0. */
function seqOf(place: number): number {
  return ((place - 1) % LAST_SEQ) + 1;
}

function epochsBefore(place: number): number {
  return Math.floor((place - 1) / LAST_SEQ);
}
