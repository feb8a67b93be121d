import type { Attack } from "../attack.ts";
import { Flag } from "../frame.ts";
import { type Guest, size } from "../guest.ts";

const MIB = 1024 * 1024;

/** A payload of event.publish with `bytes` of base64. */
function publication(topic: string, bytes: number, flags = 0, unit = "QUJD"): Buffer {
  const [start, end] = [Buffer.from(`{"topic":"${topic}","flags":${flags},"payload":"`), Buffer.from('"}\0')];
  const payload = Buffer.alloc(start.length + (bytes & ~3) + end.length, unit);
  payload.fill(unit, start.length, payload.length - end.length);
  payload.set(start);
  payload.set(end, payload.length - end.length);
  return payload;
}

/** A few large events. */
async function large(guest: Guest): Promise<void> {
  const connection = await guest.open();
  if (guest.isLucky(2)) await connection.ask("event.subscribe", { topic: "guest." });
  for (let left = guest.draw(1, 8); left > 0 && !guest.isOver; left--) {
    const unit = guest.pick(["QUJD", "QUJD", "QUJD", "////", "Q\\nD", "QU==", "{[,}"]);
    const payload = publication("guest.large", guest.draw(MIB, 100 * MIB), guest.pick([0, 0, 32, 1]), unit);
    guest.note(`${size(payload.length)} of ${unit}`);
    await connection.ask("event.publish", payload);
  }
}

/** Many small events, confirmed or not, with and without subscribers of its own. */
async function many(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const subscribers = await guest.openMany(guest.draw(1, 30) - 1);
  for (const subscriber of subscribers) await subscriber.ask("event.subscribe", { topic: "guest" });
  const bytes = guest.draw(4, 65_536);
  const flags = guest.pick([0, Flag.NORESPONSE]);
  const topics = guest.draw(1, 5000);
  const count = Math.min(guest.draw(1000, 300_000), Math.ceil((500 * MIB) / bytes));
  const made = Array.from({ length: Math.min(topics, 50) }, (_, i) => publication(`guest.${i}`, bytes));
  let sent = 0;
  try {
    sent = await guest.flood(connection, count, (index) => {
      sent = index;
      return { topic: "event.publish", flags, payload: made[index % made.length]!, matchtag: 1 };
    });
  } finally {
    guest.note(`${sent} of ${size(bytes)}, ${subscribers.length} subscribers`);
  }
}

export const EVENT_ATTACKS: readonly Attack[] = [
  { kind: "events", name: "events-large", play: large },
  { kind: "events", name: "events-many", play: many },
];
