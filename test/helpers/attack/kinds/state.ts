import type { Attack } from "../attack.ts";
import { Flag } from "../frame.ts";
import { type Guest, OTHER_GUEST, size } from "../guest.ts";

const MIB = 1024 * 1024;

/** Registers as many services as it can. */
async function services(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const length = guest.draw(1, guest.isLucky(6) ? 65_536 : 240);
  const count = Math.min(guest.draw(100, 600_000), Math.ceil((256 * MIB) / length));
  let sent = 0;
  try {
    sent = await guest.flood(connection, count, (index) => {
      sent = index;
      const service = `${guest.prefix}${index.toString(36)}`.padEnd(length, "s");
      return { topic: "service.add", payload: JSON.stringify({ service }), matchtag: 1 };
    });
    await connection.ask("broker.ping", {});
  } finally {
    guest.note(`${sent} services with names of ${length}`);
  }
}

/** Payloads of requests that go on until they are cancelled. */
const STREAMS: Readonly<Record<string, (index: number) => object>> = {
  "groups.get": (index) => ({ name: `g${index}` }),
  "config.get": () => ({}),
  "overlay.health": () => ({}),
  "state-machine.monitor": () => ({ final: 99 }),
  "log.dmesg": () => ({ follow: true }),
  "event.replay": () => ({ prefix: "nosuch.", since: "now", follow: true }),
};

/** Opens as many streams as it can. */
async function streams(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const topic = guest.isLucky(2) ? "groups.get" : guest.pick(Object.keys(STREAMS));
  const make = STREAMS[topic]!;
  const pad = guest.isLucky(3) ? "p".repeat(guest.draw(1, 65_536)) : undefined;
  let sent = 0;
  try {
    sent = await guest.flood(connection, guest.draw(100, 300_000), (index) => {
      sent = index;
      const payload = JSON.stringify({ ...make(index), pad });
      return { topic, payload, flags: Flag.STREAMING, matchtag: index + 1 };
    });
    await connection.ask("broker.ping", {});
  } finally {
    guest.note(`${sent} streams of ${topic}`);
  }
}

/** Requests that another guest's service never answers; then one of the two leaves. */
async function pending(guest: Guest): Promise<void> {
  const service = await guest.open(OTHER_GUEST);
  const name = `${OTHER_GUEST}-never`;
  await service.ask("service.add", { service: name });
  const reads = guest.isLucky(2);
  if (!reads) service.mute();
  const callers = await guest.openMany(guest.draw(1, 40));
  const payload = Buffer.alloc(guest.draw(1, 4 * MIB), "p");
  const most = Math.ceil((2000 * MIB) / payload.length);
  const count = Math.ceil(Math.min(guest.draw(1000, 300_000), most) / callers.length);
  guest.note(`${count} requests each of ${size(payload.length)}, the service ${reads ? "reads" : "is mute"}`);
  await Promise.all(
    callers.map((caller) =>
      guest.flood(caller, count, (index) => ({ topic: `${name}.x`, payload, matchtag: index + 1 })),
    ),
  );
  if (guest.isLucky(2)) service.destroy();
  await guest.pause(500);
}

/** Methods that a guest may not call, or that keep what they get, with large payloads. */
async function appended(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const header = Buffer.from("<48>1 2026-11-22T02:33:46.121000Z 0 guest 1 - - ");
  const payload = Buffer.concat([header, Buffer.alloc(guest.draw(1, 16 * MIB), "l")]);
  const count = Math.min(guest.draw(10, 20_000), Math.ceil((2000 * MIB) / payload.length));
  guest.note(`${count} records of ${size(payload.length)}`);
  await guest.flood(connection, count, () => ({
    topic: "log.append",
    payload,
    flags: guest.isLucky(2) ? Flag.NORESPONSE : 0,
    matchtag: 1,
  }));
}

export const STATE_ATTACKS: readonly Attack[] = [
  { kind: "state", name: "state-services", play: services },
  { kind: "state", name: "state-streams", play: streams },
  { kind: "state", name: "state-pending", play: pending },
  { kind: "state", name: "state-log-records", play: appended },
];
