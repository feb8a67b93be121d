import type { Attack } from "../attack.ts";
import { encodeFrame, encodePreamble } from "../frame.ts";
import { type Guest, OTHER_GUEST, size } from "../guest.ts";
import type { RawConnection } from "../raw-connection.ts";

const MIB = 1024 * 1024;

/** Many connections, each with a frame that never ends. */
async function unfinished(guest: Guest): Promise<void> {
  const connections = await guest.openMany(guest.draw(1, 200));
  const announced = guest.draw(1024, 127 * MIB);
  const sent = Math.max(1, Math.floor(announced / guest.pick([1.01, 2, 10, 1000])));
  guest.note(`${size(sent)} each of ${size(announced)}`);
  const chunk = Buffer.alloc(MIB, "f");
  await Promise.allSettled(
    connections.map(async (connection) => {
      await connection.send(encodePreamble(announced));
      for (let left = sent; left > 0; left -= chunk.length)
        await connection.send(left < chunk.length ? chunk.subarray(0, left) : chunk);
    }),
  );
  await guest.pause(1000);
}

/** Frames that come a byte at a time, on many connections. */
async function slow(guest: Guest): Promise<void> {
  const connections = await guest.openMany(guest.draw(1, 150));
  const frame = encodeFrame({ topic: "broker.ping", payload: '{"a":"slow"}', matchtag: 1 });
  const step = guest.draw(1, 16);
  let at = 0;
  while (!guest.isOver) {
    for (const connection of connections)
      if (connection.lost === undefined) connection.socket.write(frame.subarray(at, at + step));
    at = at + step >= frame.length ? 0 : at + step;
    await guest.pause(guest.random(8));
  }
}

/** Takes all connections there are, and keeps them. */
async function hoard(guest: Guest): Promise<void> {
  const users = guest.pick([[undefined], [undefined, OTHER_GUEST]]);
  let held = 0;
  let refused = 0;
  while (!guest.isOver) {
    try {
      await guest.open(guest.pick(users));
      held++;
    } catch {
      refused++;
      await guest.pause(20);
    }
  }
  guest.note(`${held} connections, ${refused} refused`);
}

/** Connects without end, and waits for nothing. */
async function backlog(guest: Guest): Promise<void> {
  let count = 0;
  while (!guest.isOver) {
    for (let more = guest.draw(1, 600); more > 0; more--) {
      guest.connectOnly().pause();
      count++;
    }
    await guest.pause(guest.random(100));
    if (guest.isLucky(2)) guest.leave();
  }
  guest.note(`${count} connects`);
}

/** Connects and disconnects as fast as it can, some with a request before. */
async function churn(guest: Guest): Promise<void> {
  const width = guest.draw(1, 100);
  const asks = guest.isLucky(2);
  let count = 0;
  const one = async (): Promise<void> => {
    while (!guest.isOver) {
      try {
        const connection = await guest.open();
        count++;
        if (asks) await connection.ask("service.add", { service: `${guest.prefix}${count}` });
        connection.destroy();
      } catch {
        await guest.pause(1);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, one));
  guest.note(`${count} connections, ${width} at a time`);
}

/** Subscribers that do not read, while events come. */
async function muteSubscribers(guest: Guest): Promise<void> {
  const publisher = await guest.open(OTHER_GUEST);
  const connections = await guest.openMany(guest.draw(1, 200));
  await subscribeAll(connections, guest.pick(["", "guest.", "owner."]));
  const payload = Buffer.alloc(guest.draw(16, 8 * MIB) & ~3, "QUJD").toString();
  const count = Math.min(guest.draw(100, 50_000), Math.ceil((400 * MIB) / payload.length));
  const request = JSON.stringify({ topic: "guest.event", flags: 0, payload });
  const sent = await guest.flood(publisher, count, () => ({
    topic: "event.publish",
    payload: request,
    matchtag: 1,
  }));
  guest.note(`${sent} events of ${size(payload.length)}`);
  await guest.pause(500);
}

async function subscribeAll(connections: readonly RawConnection[], topic: string): Promise<void> {
  for (const connection of connections) {
    await connection.ask("event.subscribe", { topic });
    connection.mute();
  }
}

/** Asks for large responses and does not read them. */
async function muteReaders(guest: Guest): Promise<void> {
  const connections = await guest.openMany(guest.draw(1, 100));
  const pad = "p".repeat(guest.draw(1000, 4 * MIB));
  const [topic, payload] = guest.pick([
    ["broker.ping", JSON.stringify({ pad })],
    ["broker.ping", JSON.stringify({ pad: pad.slice(0, 1000) })],
    ["attr.list", "{}"],
    ["connector-local.stats-get", "{}"],
    ["event.replay", '{"prefix":"","since":"begin","encoding":"json"}'],
  ] as const);
  for (const connection of connections) connection.mute();
  const results = await Promise.allSettled(
    connections.map((connection) =>
      guest.flood(connection, 100_000, () => ({
        topic,
        payload,
        flags: topic === "event.replay" ? 64 : 0,
        matchtag: 1,
      })),
    ),
  );
  const sent = results.reduce((sum, result) => sum + (result.status === "fulfilled" ? result.value : 0), 0);
  guest.note(`${topic} with ${size(payload.length)}, ${sent} times or more`);
}

export const CONNECTION_ATTACKS: readonly Attack[] = [
  { kind: "unfinished", name: "unfinished-frames", play: unfinished },
  { kind: "unfinished", name: "unfinished-slow", play: slow },
  { kind: "descriptors", name: "descriptors-hoard", needsFresh: true, needsMs: 2500, play: hoard },
  { kind: "descriptors", name: "descriptors-backlog", needsFresh: true, play: backlog },
  { kind: "descriptors", name: "descriptors-churn", play: churn },
  { kind: "mute", name: "mute-subscribers", play: muteSubscribers },
  { kind: "mute", name: "mute-readers", play: muteReaders },
];
