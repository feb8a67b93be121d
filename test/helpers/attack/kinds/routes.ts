import type { Attack } from "../attack.ts";
import { encodePart, Flag, Type } from "../frame.ts";
import { type Guest, size } from "../guest.ts";
import { METHODS, OWNER_SERVICE } from "../topics.ts";

const MIB = 1024 * 1024;
const MOST_BYTES = 126 * MIB;

/** Encoded route parts: `count` of `length` bytes each. */
function routesOf(count: number, length: number): Buffer {
  const part = encodePart(Buffer.alloc(length, "r"));
  const routes = Buffer.alloc(count * part.length);
  routes.fill(part);
  return routes;
}

function drawRoutes(guest: Guest): Buffer {
  const length = guest.isLucky(2) ? 1 : guest.draw(1, 8 * MIB);
  const count = guest.draw(1, Math.max(1, Math.floor(MOST_BYTES / (length + 5))));
  guest.note(`${count} routes of ${size(length)}`);
  return routesOf(count, length);
}

const TOPICS = [...METHODS, `${OWNER_SERVICE}.guest`, "nosuch.method", "groups.disconnect", ""] as const;

/** Requests, and other messages, whose route stacks are large. */
async function stacks(guest: Guest): Promise<void> {
  const connection = await guest.open();
  for (let left = guest.draw(2, 30); left > 0 && !guest.isOver; left--) {
    const topic = guest.pick(TOPICS);
    const type = guest.isLucky(4) ? guest.pick([Type.RESPONSE, Type.EVENT, Type.CONTROL]) : Type.REQUEST;
    const routes = drawRoutes(guest);
    const flags = guest.pick([0, 0, Flag.NORESPONSE, Flag.STREAMING, Flag.UPSTREAM]);
    await connection.send({ type, flags, topic, routes, payload: "{}", matchtag: connection.nextMatchtag() });
  }
  await connection.ask("broker.ping", {});
}

/** What a broker notes so as to tell services that a client has gone: a route stack for each service. */
async function disconnects(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const length = guest.draw(1, 65_536);
  const routes = routesOf(guest.draw(1, Math.max(1, Math.floor((4 * MIB) / length))), length);
  const count = guest.draw(10, 70_000);
  let sent = 0;
  try {
    sent = await guest.flood(connection, count, (index) => {
      sent = index;
      return { topic: `s${index}.m`, routes, matchtag: 1 };
    });
  } finally {
    guest.note(`${sent} requests to different services with ${size(routes.length)} of routes`);
  }
}

/** The same, with one service and a route stack that differs. */
async function differing(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const length = guest.draw(8, 1024 * 1024);
  let sent = 0;
  try {
    sent = await guest.flood(connection, guest.draw(10, 100_000), (index) => {
      sent = index;
      return { topic: "broker.ping", payload: "{}", routes: [`${index}`.padEnd(length, "r")], matchtag: 1 };
    });
  } finally {
    guest.note(`${sent} different routes of ${size(length)}`);
  }
}

export const ROUTE_ATTACKS: readonly Attack[] = [
  { kind: "routes", name: "routes-large-stacks", play: stacks },
  { kind: "routes", name: "routes-for-disconnects", play: disconnects },
  { kind: "routes", name: "routes-that-differ", play: differing },
];
