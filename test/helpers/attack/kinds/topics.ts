import type { Attack } from "../attack.ts";
import { encodeFrame, Flag, Type } from "../frame.ts";
import { type Guest, OTHER_GUEST, size } from "../guest.ts";
import type { RawConnection } from "../raw-connection.ts";
import { OWNER_SERVICE } from "../topics.ts";

const MIB = 1024 * 1024;
const MOST_PREFIXES = 65_536;

/** Many different topics, long and short, of many kinds of messages. */
async function topics(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const start = guest.pick(["broker.", "event.", "attr.", "groups.", `${OWNER_SERVICE}.`, "nosuch.", ""]);
  const length = guest.draw(8, 24 * MIB);
  const type = guest.isLucky(5) ? guest.pick([Type.RESPONSE, Type.EVENT]) : Type.REQUEST;
  const flags = guest.pick([0, Flag.NORESPONSE, Flag.NORESPONSE]);
  const count = Math.min(guest.draw(10, 200_000), Math.ceil((1500 * MIB) / length));
  const fill = guest.pick(["x", "x.", "é", "\u0001"]);
  let sent = 0;
  try {
    sent = await guest.flood(connection, count, (index) => {
      sent = index;
      const topic = Buffer.alloc(length, fill);
      topic.write(`${start}${index}`);
      return { type, flags, topic, matchtag: 1 };
    });
  } finally {
    guest.note(`${sent} topics ${start}* of ${size(length)}`);
  }
}

/** Publications with long topics, which the broker keeps as events. */
async function events(guest: Guest): Promise<void> {
  const connection = await guest.open();
  if (guest.isLucky(2)) await connection.ask("event.subscribe", { topic: "guest" });
  const length = guest.draw(8, 24 * MIB);
  const count = Math.min(guest.draw(10, 20_000), Math.ceil((500 * MIB) / length));
  let sent = 0;
  try {
    sent = await guest.flood(connection, count, (index) => {
      sent = index;
      const payload = Buffer.alloc(length + 40, "t");
      payload.write(`{"topic":"guest.${index}.`);
      payload.write('","flags":0}\0', payload.length - 13);
      return { topic: "event.publish", payload, matchtag: 1 };
    });
  } finally {
    guest.note(`${sent} publications with topics of ${size(length)}`);
  }
}

function subscription(connection: RawConnection, prefix: string, method = "subscribe"): Buffer {
  const matchtag = connection.nextMatchtag();
  return encodeFrame({ topic: `event.${method}`, payload: JSON.stringify({ topic: prefix }), matchtag });
}

/** The prefix number `index`, of a form. */
type PrefixForm = (index: number) => string;

function drawForm(guest: Guest): { name: string; form: PrefixForm; count: number } {
  const long = guest.draw(16, 32 * MIB);
  switch (guest.random(5)) {
    case 0:
      return {
        name: "of different lengths",
        form: (index) => "o".repeat(index),
        count: guest.draw(100, 20_000),
      };
    case 1:
      return {
        name: `of ${size(long)}`,
        form: (index) => `${index}`.padEnd(long, "x"),
        count: Math.min(guest.draw(10, MOST_PREFIXES), Math.ceil((1200 * MIB) / long)),
      };
    case 2: {
      // The engine's hash of a text this long tells its length alone.
      const same = "owner.".padEnd(16_384 + guest.draw(1, 4096), "x");
      return { name: "with a weak hash", form: (index) => `${same}${index}`, count: guest.draw(100, 5000) };
    }
    case 3:
      return {
        name: "of events that come",
        form: (index) => `owner.tick${index === 0 ? "" : index}`,
        count: guest.draw(100, MOST_PREFIXES + 1000),
      };
    default:
      return {
        name: "that are short",
        form: (index) => index.toString(36),
        count: guest.draw(100, MOST_PREFIXES + 1000),
      };
  }
}

/** Subscriptions to many prefixes of one form, while the owner and another guest publish. */
async function prefixes(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const { name, form, count } = drawForm(guest);
  let sent = 0;
  try {
    sent = await guest.flood(connection, count, (index) => {
      sent = index;
      return subscription(connection, form(index));
    });
    const publisher = await guest.open(OTHER_GUEST);
    const topic = guest.pick(["guest.other", "o".repeat(1000), form(count >> 1).slice(0, 100_000)]);
    await guest.flood(publisher, guest.draw(10, 5000), () => ({
      topic: "event.publish",
      payload: JSON.stringify({ topic, flags: 0 }),
      matchtag: 1,
    }));
    if (guest.isLucky(3)) {
      await guest.flood(connection, count, (index) => subscription(connection, form(index), "unsubscribe"));
      guest.note("and back");
    }
    await guest.pause(1000);
  } finally {
    guest.note(`${sent} of ${count} prefixes ${name}`);
  }
}

/** The same from many connections, each with a share. */
async function spread(guest: Guest): Promise<void> {
  const connections = await guest.openMany(guest.draw(2, 100));
  const { name, form, count } = drawForm(guest);
  const share = Math.ceil(count / connections.length);
  guest.note(`${share} prefixes each ${name}`);
  for (const connection of connections)
    await guest.flood(connection, share, (index) => subscription(connection, form(index)));
  await guest.pause(1000);
}

export const TOPIC_ATTACKS: readonly Attack[] = [
  { kind: "topics", name: "topics-of-messages", play: topics },
  { kind: "topics", name: "topics-of-events", play: events },
  { kind: "prefixes", name: "prefixes-of-one", play: prefixes },
  { kind: "prefixes", name: "prefixes-of-many", play: spread },
];
