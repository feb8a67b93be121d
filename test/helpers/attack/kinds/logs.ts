import type { Attack } from "../attack.ts";
import { Flag } from "../frame.ts";
import type { Guest } from "../guest.ts";
import { METHODS } from "../topics.ts";

const PAYLOADS = [
  '{"who":{"toString":1,"valueOf":1}}',
  '{"name":{"toString":null},"topic":{"toString":1},"service":[],"prefix":{}}',
  '{"prefix":5,"since":{"epoch":-1}}',
  '{"since":{"seq":-1},"until":{"epoch":1}}',
  "[]",
  "null",
  "{",
  "\\",
  '{"__proto__":{"x":1},"constructor":{"prototype":1}}',
  '{"who":null,"flags":1e300,"matchtag":-1}',
];

/** Requests that make no sense, of which each could be a line of the log, or one with a stack. */
async function malformed(guest: Guest): Promise<void> {
  const connection = await guest.open();
  const isOne = guest.isLucky(2);
  const one = guest.isLucky(3) ? "broker.rusage" : guest.pick(METHODS);
  const payload = guest.pick(PAYLOADS);
  let sent = 0;
  while (!guest.isOver && sent < guest.draw(10_000, 60_000)) {
    sent += await guest.flood(connection, 1000, () => ({
      topic: isOne ? one : guest.pick(METHODS),
      payload: isOne ? payload : guest.pick(PAYLOADS),
      flags: guest.pick([0, Flag.STREAMING, Flag.NORESPONSE]),
      matchtag: connection.nextMatchtag(),
    }));
  }
  guest.note(`${sent} of ${isOne ? `${one} with ${payload}` : "all methods"}`);
}

/** Connections that are closed with a reason: garbage, lengths of 0 or too much. */
async function closures(guest: Guest): Promise<void> {
  const bytes = guest.pick([
    Buffer.from("GET / HTTP/1.0\r\n\r\n"),
    Buffer.alloc(8),
    Buffer.from("1200eeff00000000", "hex"),
    Buffer.from("1200eeffffffffff", "hex"),
    Buffer.from("1200eeff0000000100", "hex"),
  ]);
  let count = 0;
  const one = async (): Promise<void> => {
    while (!guest.isOver) {
      try {
        const connection = await guest.open();
        count++;
        await connection.send(bytes);
        await guest.until(() => connection.lost !== undefined);
      } catch {
        await guest.pause(1);
      }
    }
  };
  await Promise.all(Array.from({ length: guest.draw(1, 50) }, one));
  guest.note(`${count} connections that send ${bytes.toString("hex")}`);
}

/** Connections of a user that the broker does not take. */
async function refused(guest: Guest): Promise<void> {
  let count = 0;
  const one = async (): Promise<void> => {
    while (!guest.isOver) {
      await guest.open().catch(() => {});
      count++;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: guest.draw(1, 100) }, one));
  guest.note(`${count} connections that are refused`);
}

export const LOG_ATTACKS: readonly Attack[] = [
  { kind: "logs", name: "logs-malformed", play: malformed },
  { kind: "logs", name: "logs-closures", play: closures },
  { kind: "logs", name: "logs-refused", isRefused: true, play: refused },
];
