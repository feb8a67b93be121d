import type { Attack } from "../attack.ts";
import { encodeFrame } from "../frame.ts";
import { type Guest, size } from "../guest.ts";
import { OWNER_LIBRARY_SERVICE, OWNER_SERVICE, PARSED } from "../topics.ts";

const MIB = 1024 * 1024;
const MOST_BYTES = 127 * MIB;

/** Fields that methods ask for, so that those get as far as they can. */
const FIELDS =
  '{"topic":"guest.t","service":"65534-json","name":"rank","prefix":"guest.","who":"self","flags":0,"follow":false';

interface Shape {
  readonly name: string;
  readonly open: string;
  /** What is repeated. */
  readonly unit: string;
  readonly close: string;
}

const SHAPES: readonly Shape[] = [
  { name: "objects", open: `${FIELDS},"a":[`, unit: "{},", close: "0]}" },
  { name: "arrays", open: `${FIELDS},"a":[`, unit: "[],", close: "0]}" },
  { name: "nested arrays", open: `${FIELDS},"a":[`, unit: '[[[["a"]]]],', close: "0]}" },
  { name: "arrays, not closed", open: `${FIELDS},"a":`, unit: "[", close: "" },
  { name: "objects, not closed", open: `${FIELDS},"a":`, unit: '{"a":', close: "" },
  { name: "whole numbers", open: `${FIELDS},"a":[`, unit: "1,", close: "0]}" },
  { name: "reals", open: `${FIELDS},"a":[`, unit: "-1.25e-9,", close: "0]}" },
  { name: "numbers of 300 digits", open: `${FIELDS},"a":[`, unit: `${"7".repeat(300)},`, close: "0]}" },
  { name: "one number of many digits", open: `${FIELDS},"a":`, unit: "9", close: "}" },
  { name: "one real of many digits", open: `${FIELDS},"a":0.`, unit: "9", close: "}" },
  { name: "a large exponent", open: `${FIELDS},"a":1e`, unit: "9", close: "}" },
  { name: "a text of escapes", open: `${FIELDS},"a":"`, unit: "\\u0041", close: '"}' },
  { name: "a text of quotes", open: `${FIELDS},"a":"`, unit: '\\"', close: '"}' },
  { name: "a text of lone surrogates", open: `${FIELDS},"a":"`, unit: "\\ud800", close: '"}' },
  { name: "a text, not closed", open: `${FIELDS},"a":"`, unit: "x", close: "" },
  { name: "a plain text", open: `${FIELDS},"a":"`, unit: "x", close: '"}' },
  { name: "a text of two bytes a character", open: `${FIELDS},"a":"`, unit: "é", close: '"}' },
  { name: "empty texts", open: `${FIELDS},"a":[`, unit: '"",', close: "0]}" },
  { name: "short texts", open: `${FIELDS},"a":[`, unit: '"ab",', close: "0]}" },
  { name: "a long key", open: `${FIELDS},"`, unit: "k", close: '":0}' },
  { name: "the same key again", open: `${FIELDS},`, unit: '"k":{},', close: '"z":0}' },
  { name: "spaces", open: `${FIELDS},"a":`, unit: " \n\t", close: "0}" },
  { name: "spaces before", open: "", unit: " ", close: `${FIELDS}}` },
  { name: "a long topic", open: '{"flags":0,"topic":"', unit: "t.", close: '","payload":""}' },
  { name: "a long name", open: '{"name":"', unit: "n", close: '"}' },
  { name: "a long service", open: '{"service":"65534-', unit: "s", close: '"}' },
  { name: "literals", open: `${FIELDS},"a":[`, unit: "true,null,", close: "0]}" },
  { name: "no object", open: "[", unit: "0,", close: "0]" },
];

/** A payload of `bytes`, more or less, of a shape. */
function fill({ open, unit, close }: Shape, bytes: number): Buffer {
  const unitBytes = Buffer.byteLength(unit);
  const times = Math.max(1, Math.floor((bytes - open.length - close.length) / unitBytes));
  const [start, end] = [Buffer.from(open), Buffer.from(`${close}\0`)];
  const payload = Buffer.alloc(start.length + times * unitBytes + end.length, unit);
  payload.fill(unit, start.length, payload.length - end.length);
  payload.set(start);
  payload.set(end, payload.length - end.length);
  return payload;
}

/** An object of many different keys, or an array of as many levels as fit, closed. */
function grown(guest: Guest, bytes: number): { name: string; payload: Buffer } {
  if (guest.isLucky(2)) {
    const half = Math.floor((bytes - FIELDS.length) / 2);
    const payload = Buffer.alloc(FIELDS.length + 5 + 2 * half + 2, "[");
    payload.write(`${FIELDS},"a":`);
    payload.fill("]", payload.length - half - 2);
    payload.write("}\0", payload.length - 2);
    return { name: "arrays as deep as they go", payload };
  }
  const keys: string[] = [];
  const most = Math.min(bytes, 16 * MIB);
  for (let length = 0, i = 0; length < most; i++) {
    const key = `"${i.toString(36)}":0`;
    keys.push(key);
    length += key.length + 1;
  }
  return { name: "different keys", payload: Buffer.from(`${FIELDS},${keys.join(",")}}\0`) };
}

async function bomb(guest: Guest, topics: readonly string[]): Promise<void> {
  const connection = await guest.open();
  for (let left = guest.draw(2, 30); left > 0 && !guest.isOver; left--) {
    const topic = guest.pick(topics);
    const bytes = guest.draw(64 * 1024, MOST_BYTES);
    const shape = guest.pick(SHAPES);
    const { name, payload } = guest.isLucky(8)
      ? grown(guest, bytes)
      : { name: shape.name, payload: fill(shape, bytes) };
    if (guest.isLucky(20)) payload[payload.length - 1] = 0x7d;
    guest.note(`${topic} with ${size(payload.length)} of ${name}`);
    const request = { topic, payload, matchtag: connection.nextMatchtag() };
    await connection.send(encodeFrame(request));
  }
  await connection.ask("broker.ping", {});
}

export const JSON_ATTACKS: readonly Attack[] = [
  { kind: "json", name: "json-of-broker", play: (guest) => bomb(guest, PARSED) },
  { kind: "json", name: "json-of-ping", play: (guest) => bomb(guest, ["broker.ping"]) },
  {
    kind: "json",
    name: "json-of-service",
    play: (guest) =>
      bomb(guest, [
        `${OWNER_LIBRARY_SERVICE}.price`,
        `${OWNER_SERVICE}.guest`,
        `${OWNER_LIBRARY_SERVICE}.ping`,
      ]),
  },
];
