import { FluxError } from "../base/index.ts";
import type { Methods, Request, Since } from "../client/index.ts";
import type { EventBatch, ReadOptions } from "../event-log/index.ts";
import type { JsonObject } from "../json/index.ts";
import { type EventPosition, MAX_FRAME_BYTES, MAX_TOPIC_BYTES, Role, utf8Fits } from "../message/index.ts";
import type { EventFollower } from "./event-followers.ts";
import { ReadSlices } from "./read-slices.ts";
import { ReplayReader } from "./replay-reader.ts";
import { readReplayRequest } from "./replay-request.ts";
import { SharedBatch } from "./shared-batch.ts";

/** Where a replay reads. */
export interface ReplaySource {
  /** The latest event. */
  readonly last: EventPosition;
  /** The position that `since` means. Throws FluxError EINVAL for one that has not been yet. */
  resolve(since: Since): EventPosition | Promise<EventPosition>;
  /** Events behind a position, as many as there are, up to the limits; an empty batch that ends there when there are none. */
  read(after: EventPosition, options: ReadOptions): EventBatch | Promise<EventBatch>;
  /**
   * A reader has come to the end of what is there: wakes it when there may be more, until `forget`. `owes` is true when the reader wants to be told of
   * its position in a while.
   */
  wait(follower: EventFollower, owes: boolean): void;
  forget(follower: EventFollower): void;
  /** What event.stat tells. */
  stat(): JsonObject;
}

/** What may be asked for, and sent. */
export interface ReplayLimits {
  /** Largest frame, in bytes. */
  readonly maxFrameBytes: number;
  /** Throws EINVAL for a prefix that is too long. */
  checkText(text: string, what: string): void;
}

const DEFAULT_LIMITS: ReplayLimits = {
  maxFrameBytes: MAX_FRAME_BYTES,
  checkText(text, what) {
    if (!utf8Fits(text, MAX_TOPIC_BYTES))
      throw new FluxError("EINVAL", `${what} is over the limit of ${MAX_TOPIC_BYTES} bytes`);
  },
};

export interface ReplayOptions {
  /** Default: frames of 128 MiB, prefixes of 1,024 bytes. */
  readonly limits?: ReplayLimits | undefined;
  /** Most replays at once of a user who is not the owner: default 32,768, a whole number from 0 on. */
  readonly guestReplays?: number | undefined;
}

/** Default of `guestReplays`. */
export const GUEST_REPLAYS = 32_768;

/** The methods by which events are read again, for a service that has a log of them. Anyone may call; private events stay private. Source: docs/events.md. */
export function replayMethods(source: ReplaySource, options: ReplayOptions = {}): Methods {
  const shared = new SharedBatch();
  const guests = new GuestReplays(options.guestReplays ?? GUEST_REPLAYS);
  const { limits = DEFAULT_LIMITS } = options;
  const { maxFrameBytes } = limits;
  const port = {
    source,
    shared,
    slices: new ReadSlices(undefined, () => shared.trim()),
    maxFrameBytes,
    over: guests.release,
  };
  return {
    replay: {
      allow: Role.USER,
      streaming: true,
      later: true,
      async request(request) {
        const asked = readReplayRequest(request);
        limits.checkText(asked.prefix, "prefix");
        // Nobody takes the responses, and nothing would slow their making.
        if (request.noResponse) return;
        guests.take(request);
        await new ReplayReader(port, request, asked).start();
      },
    },
    stat: { allow: Role.USER, answer: () => source.stat() },
  };
}

/** How many replays each user has who is not the owner. */
class GuestReplays {
  readonly #most: number;
  readonly #counts = new Map<number, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts one more replay of its sender. Throws ENOBUFS when that are too many. */
  take({ rolemask, userid }: Request): void {
    if ((rolemask & Role.OWNER) !== 0) return;
    const count = this.#counts.get(userid) ?? 0;
    if (count >= this.#most)
      throw new FluxError(
        "ENOBUFS",
        `user ${userid} has ${count} replays, the most at once: one has to end first`,
      );
    this.#counts.set(userid, count + 1);
  }

  /** A replay is over. */
  readonly release = ({ rolemask, userid }: Request): void => {
    if ((rolemask & Role.OWNER) !== 0) return;
    const left = this.#counts.get(userid)! - 1;
    if (left === 0) this.#counts.delete(userid);
    else this.#counts.set(userid, left);
  };
}
