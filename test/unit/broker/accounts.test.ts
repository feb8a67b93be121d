import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Accounts, type Share } from "../../../src/broker/accounts.ts";
import { Role } from "../../../src/message/index.ts";

const KIB = 1024;
const OWNER = { userid: 1, rolemask: Role.OWNER | Role.LOCAL };
const guest = (userid: number) => ({ userid, rolemask: Role.USER | Role.LOCAL });

/** A connection whose queue the test sets. */
class FakeConnection {
  flowBytes = 0;
  readonly reasons: string[] = [];
  share!: Share;

  static open(accounts: Accounts, credential: { userid: number; rolemask: number }): FakeConnection {
    const connection = new FakeConnection();
    connection.share = accounts.of(credential).open(connection);
    return connection;
  }

  overdrawn(why: string): void {
    this.reasons.push(why);
  }

  /** The queue grows to `bytes`, as a message that comes notices. */
  grow(bytes: number): void {
    this.flowBytes = bytes;
    this.share.flowing(bytes);
  }
}

test("a guest is refused what does not fit into its limit, and may have it once there is room", () => {
  const accounts = new Accounts({ guestBytes: 1000, guestsBytes: 10_000 });
  const account = accounts.of(guest(7));
  assert.equal(account.charge(600), true);
  assert.equal(account.charge(401), false);
  assert.equal(account.bytes, 600);
  assert.equal(accounts.counters.refused, 1);
  assert.equal(accounts.of(guest(8)).charge(1000), true, "another guest has a limit of its own");
  account.release(300);
  assert.equal(account.charge(401), true);
});

test("the owner is counted by nobody and refused nothing", () => {
  const accounts = new Accounts({ guestBytes: 1000, guestsBytes: 1000 });
  assert.equal(accounts.of(OWNER).charge(1e9), true);
  FakeConnection.open(accounts, OWNER).grow(1e9);
  assert.deepEqual(accounts.counters, { refused: 0, closed: 0, forged: 0 });
  assert.equal(accounts.of(guest(7)).charge(1000), true);
});

test("a guest whose queues grow over its limit loses the connection that holds most", () => {
  const accounts = new Accounts({ guestBytes: 1000 * KIB, guestsBytes: 1e9 });
  const [small, large, other] = [7, 7, 8].map((userid) => FakeConnection.open(accounts, guest(userid)));
  small!.share.charge(100 * KIB);
  other!.grow(900 * KIB);
  large!.grow(800 * KIB);
  assert.deepEqual(large!.reasons, []);
  small!.grow(300 * KIB);
  assert.equal(large!.reasons.length, 1);
  assert.match(large!.reasons[0]!, /^user 7 holds 1228800 bytes, of at most 1024000$/);
  assert.deepEqual([small!.reasons, other!.reasons], [[], []]);
  assert.equal(accounts.of(guest(7)).bytes, 400 * KIB);
});

test("a queue that has been read meanwhile is measured before anything is refused", () => {
  const accounts = new Accounts({ guestBytes: 1000 * KIB, guestsBytes: 1e9 });
  const reader = FakeConnection.open(accounts, guest(7));
  reader.grow(900 * KIB);
  reader.flowBytes = 0;
  assert.equal(reader.share.charge(800 * KIB), true);
  assert.deepEqual(accounts.counters, { refused: 0, closed: 0, forged: 0 });
});

test("all guests over their limit cost the one that holds most a connection, not the one that comes last", () => {
  const accounts = new Accounts({ guestBytes: 1000 * KIB, guestsBytes: 1500 * KIB });
  const [hog, modest, late] = [7, 8, 9].map((userid) => FakeConnection.open(accounts, guest(userid)));
  hog!.grow(900 * KIB);
  modest!.grow(400 * KIB);
  assert.equal(late!.share.charge(300 * KIB), true);
  assert.equal(hog!.reasons.length, 1);
  assert.match(hog!.reasons[0]!, /^guests hold \d+ bytes, of at most 1536000$/);
  assert.deepEqual([modest!.reasons, late!.reasons], [[], []]);
  assert.equal(accounts.stats.bytes, 700 * KIB);
});

test("the guest that holds most is refused when only it can give way", () => {
  const accounts = new Accounts({ guestBytes: 1000, guestsBytes: 1200 });
  const [hog, other] = [accounts.of(guest(7)), accounts.of(guest(8))];
  assert.equal(hog.charge(900), true);
  assert.equal(other.charge(300), true);
  assert.equal(hog.charge(1), false);
  assert.equal(other.charge(1), false, "nobody has a connection that could be closed");
});

test("what a connection was charged is released with it, once", () => {
  const accounts = new Accounts();
  const connection = FakeConnection.open(accounts, guest(7));
  connection.share.charge(500);
  connection.grow(100 * KIB);
  connection.share.close();
  connection.share.release(500);
  connection.share.close();
  assert.equal(connection.share.charge(1), false);
  assert.deepEqual([...accounts.guests()], [], "a guest that holds nothing is forgotten");
  assert.equal(accounts.stats.bytes, 0);
});

test("sums are right after any steps", () => {
  const step = fc.record({
    user: fc.integer({ min: 0, max: 2 }),
    act: fc.constantFrom("open", "charge", "release", "grow", "shrink", "close"),
    bytes: fc.integer({ min: 0, max: 400 * KIB }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const accounts = new Accounts({ guestBytes: 1000 * KIB, guestsBytes: 2000 * KIB });
      const open: { connection: FakeConnection; held: number[] }[][] = [[], [], []];
      for (const { user, act, bytes } of steps) {
        const mine = open[user]!;
        if (act === "open") {
          mine.push({ connection: FakeConnection.open(accounts, guest(user)), held: [] });
          continue;
        }
        const latest = mine.at(-1);
        if (latest === undefined) continue;
        const { connection, held } = latest;
        if (act === "charge" && connection.share.charge(bytes)) held.push(bytes);
        else if (act === "release" && held.length > 0) connection.share.release(held.pop()!);
        else if (act === "grow") connection.grow(connection.flowBytes + bytes);
        else if (act === "shrink") connection.flowBytes = 0;
        else if (act === "close") mine.pop()!.connection.share.close();
        for (const list of open) {
          for (let i = list.length - 1; i >= 0; i--)
            if (list[i]!.connection.reasons.length > 0) list.splice(i, 1);
        }
        const sums = open.map((list) =>
          list.reduce(
            (sum, entry) => sum + entry.connection.flowBytes + entry.held.reduce((a, b) => a + b, 0),
            0,
          ),
        );
        const { bytes: total } = accounts.stats;
        assert.equal(total, sums[0]! + sums[1]! + sums[2]!);
        for (const sum of sums) assert(sum <= 1000 * KIB + 2 * 64 * KIB, `${sum}`);
      }
    }),
  );
});
