import type { Attack } from "../attack.ts";
import { encodeFrame, encodePreamble, Type } from "../frame.ts";
import { type Guest, OTHER_GUEST, size } from "../guest.ts";
import { OWNER_LIBRARY_SERVICE, OWNER_SERVICE } from "../topics.ts";

const MIB = 1024 * 1024;
const LIMIT = 128 * MIB;

/** A payload with which a frame is `short` bytes below the limit. */
function payloadNearLimit(fields: object, short: number): Buffer {
  const empty = encodeFrame({ ...fields, payload: Buffer.alloc(0) }).length - 8;
  // Four bytes more tell the length of a large part.
  return Buffer.alloc(LIMIT - short - empty - 4, "x");
}

/** Requests that grow by the broker's routes on their way to a service. */
async function growing(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const topic = guest.pick([
    `${OWNER_SERVICE}.guest`,
    `${OWNER_LIBRARY_SERVICE}.price`,
    `${OWNER_SERVICE}.nosuch`,
    "nosuch.method",
    "groups.get",
  ]);
  const short = guest.isLucky(2) ? 0 : guest.draw(1, 300) - 1;
  const fields = { topic, matchtag: connection.nextMatchtag() };
  guest.note(`${topic}: a frame ${short} bytes below the limit`);
  await connection.send({ ...fields, payload: payloadNearLimit(fields, short) });
  await connection.ask("broker.ping", {});
}

/** A response near the limit to another guest. */
async function response(guest: Guest): Promise<void> {
  const service = await guest.open();
  const caller = await guest.open(OTHER_GUEST);
  await service.ask("service.add", { service: `${guest.prefix}large` });
  const short = guest.isLucky(2) ? 0 : guest.draw(1, 300) - 1;
  guest.note(`a response ${short} bytes below the limit`);
  service.onMessage = ({ type, topic, routes, matchtag }) => {
    if (type !== Type.REQUEST) return;
    const fields = { type: Type.RESPONSE, topic, routes: routes, matchtag };
    service.send({ ...fields, payload: payloadNearLimit(fields, short) }).catch(() => {});
  };
  await caller.ask(`${guest.prefix}large.get`, {});
}

/** Publications whose events are near the limit, of texts that are no base64 too. */
async function event(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const prefix = Buffer.from('{"topic":"guest.large","flags":0,"payload":"');
  const text = guest.pick(["QUJD", "AAAA", "QUJ=", "{}[]"]);
  const bytes = LIMIT - prefix.length - 100 - (guest.draw(1, 4096) - 1);
  const payload = Buffer.alloc(prefix.length + (bytes & ~3) + 3, text);
  payload.fill(text, prefix.length, payload.length - 3);
  payload.set(prefix);
  payload.write('"}\0', payload.length - 3);
  guest.note(`a publication of ${size(payload.length)} of ${text}`);
  await connection.ask("event.publish", payload);
}

/** Frames over the limit, which are announced or sent. */
async function over(guest: Guest): Promise<void> {
  const chunk = Buffer.alloc(MIB, "x");
  for (let left = guest.draw(1, 20); left > 0 && !guest.isOver; left--) {
    const connection = await guest.open();
    const length = guest.isLucky(4) ? 0xffff_ffff : LIMIT + guest.draw(1, 0x7000_0000);
    guest.note(`a frame of ${size(length)} announced`);
    try {
      await connection.send(encodePreamble(length));
      for (let sent = 0; sent < guest.draw(1, 64) * MIB && !guest.isOver; sent += MIB)
        await connection.send(chunk);
    } catch {
      // The broker has closed it.
    }
  }
}

export const OVERSIZE_ATTACKS: readonly Attack[] = [
  { kind: "oversize", name: "oversize-by-routes", play: growing },
  { kind: "oversize", name: "oversize-response", play: response },
  { kind: "oversize", name: "oversize-event", play: event },
  { kind: "oversize", name: "oversize-announced", play: over },
];
