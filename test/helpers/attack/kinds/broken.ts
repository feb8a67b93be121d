import { fuzzCorpus, mutate } from "../../message-fuzz.ts";
import type { Attack } from "../attack.ts";
import { encodeFrame } from "../frame.ts";
import { type Guest, size } from "../guest.ts";
import { METHODS, PARSED } from "../topics.ts";

const MIB = 1024 * 1024;

/** Garbage, and frames that are nearly right. */
async function garbage(guest: Guest): Promise<void> {
  const corpus = [
    ...fuzzCorpus(),
    ...METHODS.map((topic, index) => encodeFrame({ topic, payload: "{}", matchtag: index + 1 })),
  ];
  let count = 0;
  while (!guest.isOver && count < guest.draw(100, 20_000)) {
    try {
      const connection = await guest.open();
      await guest.flood(connection, guest.draw(1, 500), () => {
        count++;
        const frame = guest.pick(corpus);
        return guest.isLucky(3) ? frame : mutate(frame, guest.random);
      });
      await guest.pause(guest.random(20));
      connection.destroy();
    } catch {
      await guest.pause(1);
    }
  }
  guest.note(`${count} frames`);
}

/** Connections that end one half and stay. */
async function halfClosed(guest: Guest): Promise<void> {
  const connections = await guest.openMany(guest.draw(1, 150));
  const pad = "h".repeat(guest.draw(1, 4 * MIB));
  for (const connection of connections) {
    if (guest.isLucky(2)) connection.mute();
    const topic = guest.pick(PARSED);
    connection.socket.write(encodeFrame({ topic, payload: JSON.stringify({ pad }), flags: 64, matchtag: 1 }));
    if (guest.isLucky(3)) connection.socket.write(Buffer.from("1200eeff00001000ff", "hex"));
    connection.socket.end();
  }
  guest.note(`with ${size(pad.length)} asked for`);
  await guest.pause(2000);
}

/** Connections that are gone in the middle of what they send, or are sent. */
async function aborted(guest: Guest): Promise<void> {
  let count = 0;
  const bytes = guest.draw(1024, 64 * MIB);
  const frame = encodeFrame({ topic: "broker.ping", payload: `{"a":"${"a".repeat(bytes)}"}`, matchtag: 1 });
  while (!guest.isOver && count < 200) {
    try {
      const connection = await guest.open();
      count++;
      const part = guest.isLucky(2) ? frame : frame.subarray(0, guest.random(frame.length));
      connection.socket.write(part);
      if (guest.isLucky(3)) connection.mute();
      await guest.pause(guest.random(40));
      connection.destroy();
    } catch {
      await guest.pause(10);
    }
  }
  guest.note(`${count} connections with ${size(bytes)}`);
}

export const BROKEN_ATTACKS: readonly Attack[] = [
  { kind: "broken", name: "broken-frames", play: garbage },
  { kind: "broken", name: "broken-half-closed", play: halfClosed },
  { kind: "broken", name: "broken-aborted", play: aborted },
];
