import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame, Framer, Message, MessageFlag, Role } from "../../../src/message/index.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";

const ROUTE1 = "06 726f75746531 00";
const TOPIC = "0c 73616d706c652e746f706963";

/** The five messages that flux-core keeps as its marshalling reference (t/marshall/valid/v0.47.data, 247 bytes). */
const GOLDEN = [
  {
    hex: `1200eeff 00000033 ${ROUTE1} ${TOPIC} 08 7061796c6f616400 14 8e01010b 000004d2 00000001 ffffffff 0000002a`,
    fields: { type: 1, flags: 0x0b, userid: 1234, rolemask: 1, aux1: 0xffffffff, aux2: 42 },
    routes: ["route1"],
    topic: "sample.topic",
    text: "payload",
  },
  {
    hex: `1200eeff 0000002a ${ROUTE1} ${TOPIC} 14 8e010209 ffffffff 00000000 00000016 0000002a`,
    fields: { type: 2, flags: 0x09, userid: 0xffffffff, rolemask: 0, aux1: 22, aux2: 42 },
    routes: ["route1"],
    topic: "sample.topic",
    text: undefined,
  },
  {
    hex: `1200eeff 0000003a ${ROUTE1} ${TOPIC} 0f 72657475726e2d7061796c6f616400 14 8e01020b ffffffff 00000000 00000000 0000002a`,
    fields: { type: 2, flags: 0x0b, userid: 0xffffffff, rolemask: 0, aux1: 0, aux2: 42 },
    routes: ["route1"],
    topic: "sample.topic",
    text: "return-payload",
  },
  {
    hex: `1200eeff 00000023 00 ${TOPIC} 14 8e010429 000004d2 00000001 00000000 00000000`,
    fields: { type: 4, flags: 0x29, userid: 1234, rolemask: 1, aux1: 0, aux2: 0 },
    routes: [],
    topic: "sample.topic",
    text: undefined,
  },
  {
    hex: "1200eeff 00000015 14 8e010800 ffffffff 00000000 0a0b0c0d 00010203",
    fields: { type: 8, flags: 0, userid: 0xffffffff, rolemask: 0, aux1: 0x0a0b0c0d, aux2: 0x00010203 },
    routes: undefined,
    topic: undefined,
    text: undefined,
  },
];

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

test("flux-core's marshalling reference decodes and encodes back", () => {
  for (const { hex, fields, routes, topic, text } of GOLDEN) {
    const bytes = bytesOf(hex);
    const message = decodeFrame(bytes);
    const payload = text === undefined ? undefined : Buffer.from(`${text}\0`);
    assertSameFields(fieldsOf(message), { ...fields, routes, topic, payload });
    assert.equal(message.text, text);
    assert.deepEqual(Buffer.from(message.encode()), bytes);
  }
});

test("the reference is 247 bytes and one stream", () => {
  const whole = Buffer.concat(GOLDEN.map(({ hex }) => bytesOf(hex)));
  assert.equal(whole.length, 247);
  const types: number[] = [];
  const framer = new Framer();
  framer.push(whole, (message) => types.push(message.type));
  assert.deepEqual(types, [1, 2, 2, 4, 8]);
  assert.equal(framer.pendingBytes, 0);
});

test("the makers give the reference's bytes", () => {
  const cred = { userid: 1234, rolemask: Role.OWNER };
  const common = { routes: ["route1"], topic: "sample.topic" };
  const made = [
    Message.request({ ...common, ...cred, matchtag: 42, payload: Buffer.from("payload\0") }),
    Message.response({ ...common, errnum: 22, matchtag: 42 }),
    Message.response({ ...common, matchtag: 42, payload: Buffer.from("return-payload\0") }),
    Message.event({ ...cred, topic: "sample.topic", flags: MessageFlag.PRIVATE }),
    Message.control({ controlType: 0x0a0b0c0d, status: 0x00010203 }),
  ];
  for (const [i, message] of made.entries()) {
    assert.deepEqual(Buffer.from(message.encode()), bytesOf(GOLDEN[i]!.hex));
  }
});

test("a header in the wrong byte order does not pass for the reference", () => {
  const bytes = bytesOf("1200eeff 00000015 14 8e010800 ffffffff 00000000 0d0c0b0a 03020100");
  const message = decodeFrame(bytes);
  assert.notEqual(message.aux1, 0x0a0b0c0d);
  assert.notEqual(message.aux2, 0x00010203);
});
