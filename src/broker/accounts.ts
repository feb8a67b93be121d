import { type Credential, Role } from "../message/index.ts";
import { checkLimit } from "./check-limit.ts";

/** What guests may make the broker keep. The owner, its modules and root as owner are not limited here. */
export interface GuestLimits {
  /**
   * Most bytes that the broker keeps for one guest: frames in progress, queues, routes, payloads,
   * subscriptions, services, streams and pending requests. Default 192 MiB; 1 byte to 1 TiB.
   */
  readonly guestBytes?: number | undefined;
  /** Most bytes that the broker keeps for all guests together. Default 384 MiB; 1 byte to 1 TiB. */
  readonly guestsBytes?: number | undefined;
}

/** Default of `guestBytes`. */
export const GUEST_BYTES = 192 * 1024 * 1024;
/** Default of `guestsBytes`. */
export const GUESTS_BYTES = 384 * 1024 * 1024;

/** Largest value of either, 1 TiB. */
const LARGEST = 1024 ** 4;

/** Most services of one guest, on all its connections. */
export const GUEST_SERVICES = 4096;

/** A queue is measured again when it has grown by this many bytes. */
const MEASURE_STEP = 64 * 1024;

/** A connection, as its account sees it. */
export interface AccountConnection {
  /** Bytes of its unfinished frame and of its queue, now. */
  readonly flowBytes: number;
  /** The guest holds too much, and this connection most of it: it is closed, and `why` is logged. */
  overdrawn(why: string): void;
}

/** What limits on guests have cost so far. */
export interface AccountCounters {
  /** Requests refused because their guest holds too much. */
  readonly refused: number;
  /** Connections closed because their guest, or all guests, hold too much. */
  readonly closed: number;
  /** Responses of guests dropped because they answer no request that the guest was given. */
  readonly forged: number;
}

/**
 * The bytes that the broker keeps, for each user and for all guests.
 *
 * What is kept for a request, a subscription or a service is charged and released exactly. Queues and
 * unfinished frames change with each message, so they are measured when they have grown by 64 KiB, and
 * all of them once more before anything is refused. A guest over its limit is refused what can be
 * refused; where memory has been taken already, its largest connection is closed. All guests over
 * theirs cost the guest that holds most its largest connection. The owner is counted and never limited.
 */
export class Accounts {
  readonly #guestBytes: number;
  readonly #guestsBytes: number;
  readonly #guests = new Map<number, Account>();
  readonly #owner: Account;
  #total = 0;
  #refused = 0;
  #closed = 0;
  #forged = 0;

  /** @throws FluxError EINVAL for a limit out of its range. */
  constructor({ guestBytes = GUEST_BYTES, guestsBytes = GUESTS_BYTES }: GuestLimits = {}) {
    this.#guestBytes = checkLimit("guestBytes", guestBytes, 1, LARGEST);
    this.#guestsBytes = checkLimit("guestsBytes", guestsBytes, 1, LARGEST);
    this.#owner = new Account(undefined, this);
  }

  /** The account of who sent a message or made a connection: one for each guest, one for the owner. */
  of({ userid, rolemask }: Credential): Account {
    if ((rolemask & Role.OWNER) !== 0) return this.#owner;
    let account = this.#guests.get(userid);
    if (account === undefined) {
      account = new Account(userid, this);
      this.#guests.set(userid, account);
    }
    return account;
  }

  /** Charges the sender of a message, who need not be connected here: see Account.charge. */
  charge(sender: Credential, bytes: number): boolean {
    return this.of(sender).charge(bytes);
  }

  release(sender: Credential, bytes: number): void {
    this.of(sender).release(bytes);
  }

  /** What guests hold, and what their limits have cost. */
  get stats(): AccountCounters & { readonly bytes: number; readonly connections: number } {
    this.#measure();
    return { bytes: this.#total, connections: this.guestConnections, ...this.counters };
  }

  /** Connections of a guest. */
  connectionsOf(userid: number): number {
    return this.#guests.get(userid)?.connections ?? 0;
  }

  get counters(): AccountCounters {
    return { refused: this.#refused, closed: this.#closed, forged: this.#forged };
  }

  /** A response of a guest was dropped. */
  noteForged(): void {
    this.#forged++;
  }

  /** Bytes kept for all guests, as measured last. */
  get guestsBytes(): number {
    return this.#total;
  }

  /** Connections of all guests. */
  get guestConnections(): number {
    let count = 0;
    for (const account of this.#guests.values()) count += account.connections;
    return count;
  }

  /** The guests that hold something, and how much, as measured last. */
  *guests(): Iterable<{ readonly userid: number; readonly bytes: number; readonly connections: number }> {
    for (const [userid, { bytes, connections }] of this.#guests) yield { userid, bytes, connections };
  }

  /** For Account: a guest's bytes have changed. */
  changed(bytes: number): void {
    this.#total += bytes;
  }

  /**
   * For Account: true when `bytes` more fit into the limit of the guest and into that of all guests.
   * Guests that hold more than this one lose connections for it.
   */
  fits(account: Account, bytes: number): boolean {
    if (this.#isWithin(account, bytes)) return true;
    this.#measure();
    while (account.bytes + bytes <= this.#guestBytes) {
      if (this.#total + bytes <= this.#guestsBytes) return true;
      const largest = this.#largest();
      if (largest === account || !this.#closeLargest(largest, this.#allGuests())) break;
    }
    this.#refused++;
    return false;
  }

  /** For Account: bytes that can't be refused have come. Closes connections until the limits hold again. */
  settle(account: Account): void {
    if (this.#isWithin(account, 0)) return;
    this.#measure();
    while (account.bytes > this.#guestBytes) {
      const why = `user ${account.userid} holds ${account.bytes} bytes, of at most ${this.#guestBytes}`;
      if (!this.#closeLargest(account, why)) break;
    }
    while (this.#total > this.#guestsBytes)
      if (!this.#closeLargest(this.#largest(), this.#allGuests())) break;
  }

  /** For Account: it holds nothing any more. */
  forget(account: Account): void {
    if (account.userid !== undefined) this.#guests.delete(account.userid);
  }

  #isWithin(account: Account, bytes: number): boolean {
    return account.bytes + bytes <= this.#guestBytes && this.#total + bytes <= this.#guestsBytes;
  }

  #allGuests(): string {
    return `guests hold ${this.#total} bytes, of at most ${this.#guestsBytes}`;
  }

  #measure(): void {
    for (const account of this.#guests.values()) account.measure();
  }

  #largest(): Account | undefined {
    let largest: Account | undefined;
    for (const account of this.#guests.values())
      if (account.connections > 0 && account.bytes > (largest?.bytes ?? 0)) largest = account;
    return largest;
  }

  #closeLargest(account: Account | undefined, why: string): boolean {
    if (account?.closeLargest(why) !== true) return false;
    this.#closed++;
    return true;
  }
}

/** What the broker keeps for one user. */
export class Account {
  /** The guest; undefined for the owner. */
  readonly userid: number | undefined;
  readonly #accounts: Accounts;
  readonly #shares = new Set<Share>();
  /** Services that its connections have registered. */
  services = 0;
  #bytes = 0;

  constructor(userid: number | undefined, accounts: Accounts) {
    this.userid = userid;
    this.#accounts = accounts;
  }

  /** Bytes kept, as measured last. */
  get bytes(): number {
    return this.#bytes;
  }

  get connections(): number {
    return this.#shares.size;
  }

  /** Opens the share of a connection. It ends with Share.close. */
  open(connection: AccountConnection): Share {
    const share = new Share(this, connection);
    this.#shares.add(share);
    return share;
  }

  /** Charges bytes that stay until `release`. Returns false, and charges nothing, when the limits forbid it. */
  charge(bytes: number): boolean {
    if (this.userid !== undefined && !this.#accounts.fits(this, bytes)) {
      this.#tidy();
      return false;
    }
    this.#change(bytes);
    return true;
  }

  release(bytes: number): void {
    this.#change(-bytes);
    this.#tidy();
  }

  /** For Share: its queue and frame have changed by so many bytes, which nobody can refuse. */
  flow(change: number): void {
    this.#change(change);
    if (change > 0 && this.userid !== undefined) this.#accounts.settle(this);
  }

  /** For Share. */
  leave(share: Share): void {
    if (this.#shares.delete(share)) this.release(share.bytes);
  }

  /** Measures queues and frames of all connections. */
  measure(): void {
    for (const share of this.#shares) this.#change(share.measure());
  }

  /** Closes the connection that holds most. Returns false when there is none. */
  closeLargest(why: string): boolean {
    let largest: Share | undefined;
    for (const share of this.#shares)
      if (largest === undefined || share.bytes > largest.bytes) largest = share;
    if (largest === undefined) return false;
    largest.overdrawn(why);
    return true;
  }

  #change(bytes: number): void {
    this.#bytes += bytes;
    if (this.userid !== undefined) this.#accounts.changed(bytes);
  }

  #tidy(): void {
    if (this.#bytes === 0 && this.#shares.size === 0) this.#accounts.forget(this);
  }
}

/** What the broker keeps for one connection, as a part of its user's account. */
export class Share {
  readonly account: Account;
  readonly #connection: AccountConnection;
  /** Services that the connection has registered. */
  #services = 0;
  #held = 0;
  #flow = 0;
  #closed = false;

  constructor(account: Account, connection: AccountConnection) {
    this.account = account;
    this.#connection = connection;
  }

  /** Bytes kept for the connection, as measured last. */
  get bytes(): number {
    return this.#held + this.#flow;
  }

  /** As Account.charge, until `release` or the end of the connection. */
  charge(bytes: number): boolean {
    if (this.#closed || !this.account.charge(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    if (this.#closed) return;
    this.#held -= bytes;
    this.account.release(bytes);
  }

  /** Counts one more service. Returns false when its guest has as many as a guest may have. */
  addService(): boolean {
    if (this.account.userid !== undefined && this.account.services >= GUEST_SERVICES) return false;
    this.#services++;
    this.account.services++;
    return true;
  }

  removeService(): void {
    this.#services--;
    this.account.services--;
  }

  /** The queue or the unfinished frame is `bytes` long by now: measured when that is much more than before. */
  flowing(bytes: number): void {
    if (bytes < this.#flow + MEASURE_STEP || this.#closed) return;
    const change = bytes - this.#flow;
    this.#flow = bytes;
    this.account.flow(change);
  }

  /** For Account: measures the flow and returns its change. */
  measure(): number {
    const { flowBytes } = this.#connection;
    const change = flowBytes - this.#flow;
    this.#flow = flowBytes;
    return change;
  }

  /** For Account. */
  overdrawn(why: string): void {
    this.#connection.overdrawn(why);
    this.close();
  }

  /** The connection is gone, and with it all that was kept for it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.account.services -= this.#services;
    this.account.leave(this);
  }
}
