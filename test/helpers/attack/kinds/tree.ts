import type { Attack } from "../attack.ts";
import { encodeFrame, Flag } from "../frame.ts";
import { type Guest, OTHER_GUEST, size } from "../guest.ts";
import { OWNER_SERVICE, PARSED } from "../topics.ts";
import { forge } from "./answers.ts";

const MIB = 1024 * 1024;
const RANKS = 3;
const LIMIT = 128 * MIB;

/** Requests that wait for a service of another rank, which never answers. */
async function pending(guest: Guest): Promise<void> {
  const service = await guest.open(OTHER_GUEST, 0);
  const name = `${OTHER_GUEST}-never`;
  await service.ask("service.add", { service: name });
  const caller = await guest.open(undefined, 1 + guest.random(RANKS - 1));
  const payload = Buffer.alloc(guest.draw(16, 4 * MIB), "p");
  const count = Math.min(guest.draw(100, 100_000), Math.ceil((1500 * MIB) / payload.length));
  let sent = 0;
  try {
    sent = await guest.flood(caller, count, (index) => {
      sent = index;
      return { topic: `${name}.x`, payload, matchtag: index + 1 };
    });
    if (guest.isLucky(2)) service.destroy();
    await guest.pause(500);
  } finally {
    guest.note(`${sent} requests of ${size(payload.length)} to another rank`);
  }
}

/** Large and strange requests that go to another rank. */
async function upstream(guest: Guest): Promise<void> {
  const rank = guest.random(RANKS);
  const connection = await guest.open(undefined, rank);
  for (let left = guest.draw(2, 20); left > 0 && !guest.isOver; left--) {
    const nodeid = guest.pick([0, 1, 2, 3, 0x7fff_ffff]);
    const topic = guest.pick([...PARSED, `${OWNER_SERVICE}.guest`, "nosuch.method"]);
    const bytes = guest.isLucky(4) ? LIMIT - guest.draw(40, 400) : guest.draw(1024, 127 * MIB);
    const unit = guest.pick(["{},", "x", "0,"]);
    const long = guest.isLucky(4) ? "t".repeat(guest.draw(16, 8 * MIB)) : "";
    guest.note(`${topic} of rank ${nodeid} with ${size(bytes)}, from rank ${rank}`);
    const payload = Buffer.alloc(Math.max(2, bytes - long.length), unit);
    payload.write('{"a":[');
    await connection.send(
      encodeFrame({
        topic: topic + long,
        payload,
        aux1: nodeid,
        flags: guest.pick([0, Flag.STREAMING, Flag.UPSTREAM]),
        matchtag: connection.nextMatchtag(),
      }),
    );
  }
  await connection.ask("broker.ping", {});
}

/** Events of another rank, with subscribers that do not read at each. */
async function events(guest: Guest): Promise<void> {
  for (const rank of [0, 1, 2])
    for (const connection of await guest.openMany(guest.draw(1, 30), rank)) {
      await connection.ask("event.subscribe", { topic: "guest." });
      connection.mute();
    }
  const publisher = await guest.open(OTHER_GUEST, guest.random(RANKS));
  const payload = Buffer.alloc(guest.draw(16, 32 * MIB) & ~3, "QUJD").toString();
  const request = JSON.stringify({ topic: "guest.tree", flags: 0, payload });
  const count = Math.min(guest.draw(10, 20_000), Math.ceil((400 * MIB) / payload.length));
  const sent = await guest.flood(publisher, count, () => ({
    topic: "event.publish",
    payload: request,
    matchtag: 1,
  }));
  guest.note(`${sent} events of ${size(payload.length)}`);
  await guest.pause(500);
}

export const TREE_ATTACKS: readonly Attack[] = [
  { kind: "tree", name: "tree-pending", ranks: RANKS, play: pending },
  { kind: "tree", name: "tree-requests", ranks: RANKS, play: upstream },
  { kind: "tree", name: "tree-events", ranks: RANKS, play: events },
  {
    kind: "tree",
    name: "tree-forgery",
    ranks: RANKS,
    play: (guest) => forge(guest, 1 + guest.random(RANKS - 1)),
  },
];
