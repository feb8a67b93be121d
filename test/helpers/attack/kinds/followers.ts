import type { Attack } from "../attack.ts";
import { Flag } from "../frame.ts";
import type { Guest } from "../guest.ts";

/** Replays that follow what nobody publishes: they have to cost nothing. */
async function idle(guest: Guest): Promise<void> {
  await follow(guest, guest.pick(["nosuch.", "\u0001", "x".repeat(guest.draw(1, 65_536))]));
}

/** Replays that follow what the owner publishes: each event is for all of them. */
async function busy(guest: Guest): Promise<void> {
  await follow(guest, guest.pick(["", "owner."]));
}

async function follow(guest: Guest, prefix: string): Promise<void> {
  const connections = await guest.openMany(guest.isLucky(2) ? 1 : guest.draw(1, 50));
  const since = guest.pick(["now", "begin", { seq: 0 }, { time: 0 }]);
  const encoding = guest.pick(["json", "frames"]);
  const request = JSON.stringify({ prefix, since, follow: true, encoding });
  const count = Math.ceil(guest.draw(100, 100_000) / connections.length);
  let opened = 0;
  const counts = connections.map(async (connection) => {
    const sent = await guest.flood(connection, count, (index) => ({
      topic: "event.replay",
      payload: request,
      flags: Flag.STREAMING,
      matchtag: index + 1,
    }));
    opened += sent;
    await guest.until(() => connection.received >= sent);
  });
  await Promise.allSettled(counts);
  guest.note(`${opened} followers since ${JSON.stringify(since)}`);
}

/** Replays that begin and are left, again and again. */
async function restarts(guest: Guest): Promise<void> {
  const width = guest.draw(10, 2000);
  let count = 0;
  while (!guest.isOver) {
    const connection = await guest.open();
    count += await guest.flood(connection, width, (index) => ({
      topic: "event.replay",
      payload: '{"since":"begin","follow":true}',
      flags: Flag.STREAMING,
      matchtag: index + 1,
    }));
    await guest.pause(guest.random(200));
    connection.destroy();
  }
  guest.note(`${count} replays, ${width} at a time`);
}

export const FOLLOWER_ATTACKS: readonly Attack[] = [
  { kind: "followers", name: "followers-idle", endsIdle: true, play: idle },
  { kind: "followers", name: "followers-of-events", play: busy },
  { kind: "followers", name: "followers-that-leave", play: restarts },
];
