import { type Attack, AttackSucceeded } from "../attack.ts";
import { Flag, Type } from "../frame.ts";
import { type Guest, size } from "../guest.ts";
import { NotAnswered } from "../raw-connection.ts";
import { ENDS, LURE, METHODS, OWNER_SERVICE } from "../topics.ts";

const MIB = 1024 * 1024;
/** Longest wait for an answer that has to come, in milliseconds. */
const ANSWER_MS = 5000;
/** Methods whose answer is the end of another request, as flux-core has it. */
const SILENT: ReadonlySet<string> = new Set(["log.cancel"]);
/** Methods that may wait for something. */
const WAITING: ReadonlySet<string> = new Set(["state-machine.wait"]);

/** Sends many requests that a handler could keep, with payloads, and leaves. */
async function kept(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const topic = guest.isLucky(2) ? "groups.disconnect" : guest.pick([...ENDS, ...METHODS]);
  const payload = Buffer.alloc(guest.draw(2, 4 * MIB), " ");
  if (guest.isLucky(2)) payload.write("{}\0", payload.length - 3);
  const count = Math.min(guest.draw(10, 50_000), Math.ceil((500 * MIB) / payload.length));
  let sent = 0;
  try {
    sent = await guest.flood(connection, count, (index) => {
      sent = index;
      return { topic, payload, matchtag: index + 1 };
    });
  } finally {
    guest.note(`${sent} of ${topic} with ${size(payload.length)}`);
  }
}

/** Each request that wants an answer gets one. */
async function answered(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const topics = [...ENDS, ...METHODS].filter((topic) => !SILENT.has(topic) && !WAITING.has(topic));
  const payload = guest.pick([
    undefined,
    "{}",
    "[]",
    "{",
    '{"name":1}',
    '{"matchtag":0}',
    Buffer.of(0),
    Buffer.of(255, 0),
  ]);
  const flags = guest.pick([0, Flag.STREAMING]);
  const text = payload === undefined ? "no payload" : payload.toString();
  guest.note(`${topics.length} methods with ${text}`);
  const open = await Promise.all(
    topics.map(async (topic) => {
      try {
        await connection.ask(topic, payload, { flags, waitMs: ANSWER_MS });
        return undefined;
      } catch (error) {
        if (error instanceof NotAnswered) return topic;
        throw error;
      }
    }),
  );
  const silent = open.filter((topic) => topic !== undefined);
  if (silent.length > 0) throw new AttackSucceeded(`no answer from ${silent.join(", ")} to ${text}`);
}

/** Answers the owner's other calls once the owner has called a service of the guest, which is at a rank. */
export async function forge(guest: Guest, rank: number): Promise<void> {
  const connection = await guest.open(undefined, rank);
  const ahead = guest.draw(4, 512);
  const others = guest.isLucky(3) ? await guest.open(undefined, rank) : connection;
  let count = 0;
  connection.onMessage = ({ type, routes, matchtag }) => {
    if (type !== Type.REQUEST) return;
    const stack = routes;
    for (let tag = matchtag + 1; tag < matchtag + ahead && !guest.isOver; tag++) {
      const head = { type: Type.RESPONSE, routes: stack, matchtag: tag };
      const forgeries = [
        { ...head, topic: `${OWNER_SERVICE}.balance`, payload: '{"n":-1}' },
        { ...head, topic: "attr.get", payload: '{"value":"666","flags":1}' },
      ];
      const { topic, payload } = forgeries[tag % 2]!;
      others.send({ ...head, topic, payload }).catch(() => {});
      if (guest.isLucky(10)) others.send({ ...head, topic, aux1: 1 }).catch(() => {});
      count++;
    }
  };
  await connection.ask("service.add", { service: LURE });
  await guest.pause(2500);
  guest.note(`${count} forged responses`);
}

/** Requests and events that claim to be the owner's. */
async function claimed(guest: Guest): Promise<void> {
  const connection = await guest.open();
  for (const [topic, payload] of [
    ["log.clear", "{}"],
    ["module.load", '{"path":"/nosuch","args":[]}'],
    ["rexec.exec", '{"cmd":{"cmdline":["true"],"env":{},"opts":{},"channels":[]},"flags":0}'],
    ["groups.join", '{"name":"guest"}'],
  ] as const) {
    const rolemask = guest.pick([1, 5, 9, 0xffffffff]);
    const { aux1 } = await connection.ask(topic, payload, { userid: 1001, rolemask, flags: 64 });
    if (aux1 === 0) throw new AttackSucceeded(`${topic} with the rolemask ${rolemask} was done`);
  }
  const event = { type: Type.EVENT, topic: "owner.tick", payload: '{"n":0}', userid: 1001, rolemask: 1 };
  await guest.flood(connection, guest.draw(10, 10_000), (index) => ({ ...event, aux1: index }));
  await connection.ask("broker.ping", {});
}

export const ANSWER_ATTACKS: readonly Attack[] = [
  { kind: "unanswered", name: "unanswered-kept", play: kept },
  { kind: "unanswered", name: "unanswered-methods", needsMs: 2 * ANSWER_MS, play: answered },
  { kind: "forgery", name: "forgery-of-responses", play: (guest) => forge(guest, 0) },
  { kind: "forgery", name: "forgery-of-credentials", play: claimed },
];
