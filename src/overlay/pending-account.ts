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
  readonly #guests = { requests: 0, bytes: 0 };
  readonly #all = { requests: 0, bytes: 0 };

  /** What is undefined in `limits` is as in `PENDING_LIMITS`. */
  constructor(limits: PendingOptions = {}) {
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

  charge(_userid: number, rolemask: number, bytes: number): boolean {
    const { requests, bytes: most, guestRequests, guestBytes } = this.#limits;
    const all = this.#all;
    if (all.requests >= requests || all.bytes + bytes > most) return false;
    if ((rolemask & Role.OWNER) === 0) {
      const guests = this.#guests;
      if (guests.requests >= guestRequests || guests.bytes + bytes > guestBytes) return false;
      guests.requests++;
      guests.bytes += bytes;
    }
    all.requests++;
    all.bytes += bytes;
    return true;
  }

  refund(_userid: number, rolemask: number, bytes: number): void {
    if ((rolemask & Role.OWNER) === 0) {
      this.#guests.requests--;
      this.#guests.bytes -= bytes;
    }
    this.#all.requests--;
    this.#all.bytes -= bytes;
  }
}
