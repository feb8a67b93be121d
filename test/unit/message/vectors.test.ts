import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  checkAdmission,
  decodeFrame,
  describeMessage,
  Framer,
  type Message,
} from "../../../src/message/index.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { type TwinFields, twinDecodeBody } from "../../helpers/message-twin.ts";

const FOLDER = join(import.meta.dirname, "../../fixtures/vectors");
const TYPES = { request: 1, response: 2, event: 4, control: 8 };

interface Line {
  readonly conn: number;
  readonly dir: "c2b" | "b2c";
  readonly handshake?: number;
  readonly type: keyof typeof TYPES;
  readonly flags: number;
  readonly userid: number;
  readonly rolemask: number;
  readonly aux1: number;
  readonly aux2: number;
  readonly routes?: string[];
  readonly topic?: string;
  readonly payload?: string;
  readonly hex: string;
}

function read(file: string): Line[] {
  const lines = readFileSync(join(FOLDER, file), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

/** The recorder wrote only the size of a long payload, `<2516 bytes>`; then its bytes are those before the last part. */
function recordedPayload({ payload, hex }: Line): Uint8Array | undefined {
  if (payload === undefined) return undefined;
  const size = /^<(\d+) bytes>$/.exec(payload)?.[1];
  if (size === undefined) return Buffer.from(payload, "latin1");
  const bytes = Buffer.from(hex, "hex");
  return bytes.subarray(bytes.length - 21 - Number(size), bytes.length - 21);
}

function recorded(line: Line): TwinFields {
  const { flags, userid, rolemask, aux1, aux2, routes, topic } = line;
  return {
    type: TYPES[line.type],
    flags,
    userid,
    rolemask,
    aux1,
    aux2,
    routes,
    topic,
    payload: recordedPayload(line),
  };
}

const files = readdirSync(FOLDER).filter((file) => file.endsWith(".jsonl"));

test("there are recorded conversations", () => {
  assert.equal(files.length, 22);
});

for (const file of files) {
  test(`recorded: ${file}`, () => {
    const lines = read(file);
    const streams = new Map<string, { bytes: Buffer[]; messages: TwinFields[] }>();
    for (const line of lines) {
      if (line.handshake !== undefined) {
        checkAdmission(line.handshake);
        continue;
      }
      const bytes = Buffer.from(line.hex, "hex");
      const expected = recorded(line);
      const message = decodeFrame(bytes);
      assertSameFields(fieldsOf(message), expected);
      assertSameFields(twinDecodeBody(bytes.subarray(8)), expected);
      assert.equal(Buffer.from(message.encode()).toString("hex"), line.hex);
      assert.equal(message.frameBytes(), bytes.length);
      const mark = { request: ">", response: "<", event: "e", control: "c" }[line.type];
      assert.ok(describeMessage(message, "rx").startsWith(`${mark} rx ${line.topic}\n`));
      const stream = streams.get(line.conn + line.dir) ?? { bytes: [], messages: [] };
      streams.set(line.conn + line.dir, stream);
      stream.bytes.push(bytes);
      stream.messages.push(expected);
    }
    for (const { bytes, messages } of streams.values()) {
      const found: Message[] = [];
      new Framer().push(Buffer.concat(bytes), (message) => found.push(message));
      assert.equal(found.length, messages.length);
      for (const [i, message] of found.entries()) assertSameFields(fieldsOf(message), messages[i]!);
    }
  });
}
