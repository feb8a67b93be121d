import type { Attack } from "../attack.ts";
import { Flag } from "../frame.ts";
import type { Guest } from "../guest.ts";

/** Replays that follow, with prefixes of which nothing comes, or of what the owner publishes. */
async function followers(guest: Guest): Promise<void> {
  const connections = await guest.openMany(guest.isLucky(2) ? 1 : guest.draw(1, 50));
  const prefix = guest.pick(["nosuch.", "", "owner.", "\u0001", "x".repeat(guest.draw(1, 65_536))]);
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
  { kind: "followers", name: "followers-idle", endsIdle: true, play: followers },
  { kind: "followers", name: "followers-that-leave", play: restarts },
];
