import { Role } from "../message/index.ts";

/** Where what a tracker keeps is charged to. */
export interface PendingAccount {
  /** Charges an entry of `bytes` to a user; false when there is no room for it: then nothing is charged. */
  charge(userid: number, rolemask: number, bytes: number): boolean;
  /** Gives back what `charge` took with the same arguments. */
  refund(userid: number, rolemask: number, bytes: number): void;
}

/** How many requests of other ranks a broker keeps in mind until they are answered. */
export interface PendingLimits {
  /** Requests of guests, 1 or more; default 65,536. */
  readonly guestRequests: number;
  /** Bytes of what is kept of them, 1 or more; default 64 MiB. */
  readonly guestBytes: number;
  /** Requests of guests and the owner together; default 1,048,576. */
  readonly requests: number;
  /** Bytes of what is kept of them; default 512 MiB. */
  readonly bytes: number;
}

/** Limits as options give them. */
export type PendingOptions = { readonly [K in keyof PendingLimits]?: PendingLimits[K] | undefined };

export const PENDING_LIMITS: PendingLimits = {
  guestRequests: 65_536,
  guestBytes: 64 * 1024 * 1024,
  requests: 1_048_576,
  bytes: 512 * 1024 * 1024,
};

/** The account of one broker: guests have a limit of their own, so that the owner finds room whatever they do. */
export class PendingTotals implements PendingAccount {
  readonly #limits: PendingLimits;
  readonly #other: PendingAccount | undefined;
  readonly #guests = { requests: 0, bytes: 0 };
  readonly #all = { requests: 0, bytes: 0 };

  /**
   * What is undefined in `limits` is as in `PENDING_LIMITS`. `other` is charged with the same entries, and has a say: an
   * account of what each user makes the broker keep.
   */
  constructor(limits: PendingOptions = {}, other?: PendingAccount) {
    this.#other = other;
    const { guestRequests, guestBytes, requests, bytes } = PENDING_LIMITS;
    this.#limits = {
      guestRequests: limits.guestRequests ?? guestRequests,
      guestBytes: limits.guestBytes ?? guestBytes,
      requests: limits.requests ?? requests,
      bytes: limits.bytes ?? bytes,
    };
  }

  /** Requests that wait at this broker. One that comes from a neighbour and goes to another counts twice. */
  get requests(): number {
    return this.#all.requests;
  }

  /** Bytes of what is kept of them. */
  get bytes(): number {
    return this.#all.bytes;
  }

  charge(userid: number, rolemask: number, bytes: number): boolean {
    const { requests, bytes: most, guestRequests, guestBytes } = this.#limits;
    const [all, guests] = [this.#all, this.#guests];
    if (all.requests >= requests || all.bytes + bytes > most) return false;
    const isGuest = (rolemask & Role.OWNER) === 0;
    if (isGuest && (guests.requests >= guestRequests || guests.bytes + bytes > guestBytes)) return false;
    if (this.#other?.charge(userid, rolemask, bytes) === false) return false;
    if (isGuest) {
      guests.requests++;
      guests.bytes += bytes;
    }
    all.requests++;
    all.bytes += bytes;
    return true;
  }

  refund(userid: number, rolemask: number, bytes: number): void {
    this.#other?.refund(userid, rolemask, bytes);
    if ((rolemask & Role.OWNER) === 0) {
      this.#guests.requests--;
      this.#guests.bytes -= bytes;
    }
    this.#all.requests--;
    this.#all.bytes -= bytes;
  }
}
