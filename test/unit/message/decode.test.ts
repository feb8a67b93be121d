import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame, decodeFrames, decodeMessage, MAX_ROUTE_BYTES } from "../../../src/message/index.ts";
import { assertSameFields, fieldsOf } from "../../helpers/message-fields.ts";
import { type TwinFields, twinDecodeBody } from "../../helpers/message-twin.ts";

const TOPIC = 0x01;
const PAYLOAD = 0x02;
const ROUTE = 0x08;
const REST = "00000001 00000002 00000003 00000004";

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const header = (flags: number, start = "8e0101"): string =>
  `14 ${start} ${Buffer.of(flags).toString("hex")} ${REST}`;

function assertRefused(hex: string, code: "EINVAL" | "EPROTO"): void {
  assert.throws(() => decodeMessage(bytesOf(hex)), { name: "FluxError", code }, hex);
  assert.throws(() => twinDecodeBody(bytesOf(hex)), { code }, hex);
}

function assertTaken(hex: string, expected: Partial<TwinFields>): void {
  const fields = fieldsOf(decodeMessage(bytesOf(hex)));
  assertSameFields(fields, {
    ...fields,
    routes: undefined,
    topic: undefined,
    payload: undefined,
    ...expected,
  });
  assertSameFields(fields, twinDecodeBody(bytesOf(hex)));
}

test("EINVAL: a length or a part that is cut off", () => {
  assertRefused("ff", "EINVAL");
  assertRefused("ff 000000", "EINVAL");
  assertRefused("ff 00000001", "EINVAL");
  assertRefused("ff ffffffff 00", "EINVAL");
  assertRefused("05 61626364", "EINVAL");
  assertRefused(header(0).slice(0, -2), "EINVAL");
  assertRefused(`01 61 ${header(TOPIC)} ff 0000`, "EINVAL");
});

test("EINVAL comes before EPROTO", () => {
  assertRefused(`${header(0, "8f0101")} 02 61`, "EINVAL");
  assertRefused(`${header(ROUTE)} 09 61`, "EINVAL");
  assertRefused(`13 ${"00".repeat(19)} ff`, "EINVAL");
});

test("EPROTO: the last part is no header", () => {
  assertRefused("", "EPROTO");
  assertRefused("00", "EPROTO");
  assertRefused(`13 ${"8e".repeat(19)}`, "EPROTO");
  assertRefused(`15 8e010100 ${REST} 00`, "EPROTO");
  assertRefused(`${header(0)} 00`, "EPROTO");
  assertRefused(`${header(0)} 01 61`, "EPROTO");
});

test("EPROTO: wrong magic, version or type", () => {
  assertRefused(header(0, "8f0101"), "EPROTO");
  assertRefused(header(0, "8e0001"), "EPROTO");
  assertRefused(header(0, "8e0201"), "EPROTO");
  for (let type = 0; type < 256; type++) {
    const hex = header(0, `8e01${Buffer.of(type).toString("hex")}`);
    if ([1, 2, 4, 8].includes(type)) assertTaken(hex, { type });
    else assertRefused(hex, "EPROTO");
  }
});

test("EPROTO: a part is missing that the flags announce", () => {
  assertRefused(header(ROUTE), "EPROTO");
  assertRefused(header(TOPIC), "EPROTO");
  assertRefused(header(PAYLOAD), "EPROTO");
  assertRefused(`01 61 ${header(ROUTE)}`, "EPROTO");
  assertRefused(`01 61 01 62 ${header(ROUTE | TOPIC)}`, "EPROTO");
  assertRefused(`01 61 00 ${header(ROUTE | TOPIC)}`, "EPROTO");
  assertRefused(`01 61 00 01 62 ${header(ROUTE | TOPIC | PAYLOAD)}`, "EPROTO");
  assertRefused(`01 61 ${header(TOPIC | PAYLOAD)}`, "EPROTO");
});

test("taken: every flag byte that fits the parts", () => {
  for (let flags = 0; flags < 256; flags++) {
    const routes = (flags & ROUTE) !== 0 ? ["r"] : undefined;
    const topic = (flags & TOPIC) !== 0 ? "t" : undefined;
    const payload = (flags & PAYLOAD) !== 0 ? Buffer.from("p") : undefined;
    const parts = `${routes ? "01 72 00" : ""} ${topic ? "01 74" : ""} ${payload ? "01 70" : ""}`;
    assertTaken(`${parts} ${header(flags)}`, { flags, routes, topic, payload });
  }
});

test("taken: parts nobody announced are passed over", () => {
  assertTaken(`01 61 01 62 03 636465 ${header(TOPIC | PAYLOAD)}`, { topic: "a", payload: Buffer.from("b") });
  assertTaken(`01 61 01 62 ${header(0)}`, {});
  assertTaken(`00 01 61 01 62 ${header(ROUTE)}`, { routes: [] });
  assertTaken(`01 61 00 ${header(TOPIC)}`, { topic: "a" });
  assertTaken(`01 61 00 ${header(PAYLOAD)}`, { payload: Buffer.from("a") });
});

test("parts nobody announced are not sent on", () => {
  const message = decodeMessage(
    bytesOf(`01 72 00 01 61 01 62 03 636465 00 ${header(ROUTE | TOPIC | PAYLOAD)}`),
  );
  assert.deepEqual(
    Buffer.from(message.encode().subarray(8)),
    bytesOf(`01 72 00 01 61 01 62 ${header(ROUTE | TOPIC | PAYLOAD)}`),
  );
});

test("taken: odd topics and payloads", () => {
  assertTaken(`00 ${header(TOPIC)}`, { topic: "" });
  assertTaken(`03 610062 ${header(TOPIC)}`, { topic: "a" });
  assertTaken(`01 00 ${header(TOPIC)}`, { topic: "" });
  assertTaken(`02 61ff ${header(TOPIC)}`, { topic: "a\ufffd" });
  assertTaken(`00 ${header(PAYLOAD)}`, { payload: Buffer.alloc(0) });
  assertTaken(`01 61 ${header(TOPIC, "8e0108")}`, { type: 8, topic: "a" });
  assertTaken(header(0), { topic: undefined });
});

test("taken: a long length for a short part", () => {
  assertTaken(`ff 00000001 61 ${header(TOPIC)}`, { topic: "a" });
  assertTaken(`ff 00000001 72 ff 00000000 ${header(ROUTE)}`, { routes: ["r"] });
  assertTaken(`ff 00000014 8e010100 ${REST}`, {});
  const requester = decodeMessage(bytesOf(`ff 00000000 ${header(ROUTE)}`));
  assert.equal(requester.atRequester, true);
  assert.equal(requester.firstRoute, undefined);
});

test("a frame's preamble fits its bytes", () => {
  const body = bytesOf(header(0));
  const frame = Buffer.concat([bytesOf("1200eeff 00000015"), body]);
  assert.equal(decodeFrame(frame).type, 1);
  for (const hex of ["ffee0012 00000015", "1200eeff 00000000", "1200eeff 00000014", "1200eeff 00000016"]) {
    assert.throws(() => decodeFrame(Buffer.concat([bytesOf(hex), body])), { code: "EPROTO" }, hex);
  }
  assert.throws(() => decodeFrame(bytesOf("1200eeff 000000")), { code: "EPROTO" });
  assert.throws(() => decodeFrame(bytesOf("1200eeff 00000000")), { code: "EPROTO" });
});

test("EPROTO: more than 8 MiB of routes, found out there and not at their end", () => {
  const stack = (bytes: number): Buffer => Buffer.alloc(bytes, Buffer.of(1, 0x61));
  const end = bytesOf(`00 ${header(ROUTE)}`);
  // With the delimiter.
  const most = decodeMessage(Buffer.concat([stack(MAX_ROUTE_BYTES - 2), end]));
  assert.equal(most.topicPart, MAX_ROUTE_BYTES - 1);
  // What follows is no part of a message.
  const more = Buffer.concat([stack(MAX_ROUTE_BYTES + 2), bytesOf(`ff ffffffff ${header(ROUTE)}`)]);
  assert.throws(() => decodeMessage(more), { code: "EPROTO", message: /routes of more than 8388608 bytes/ });
  const route = Buffer.alloc(800_000, 0x61);
  const frames = (count: number): Buffer[] => [
    ...Array<Buffer>(count).fill(route),
    Buffer.alloc(0),
    bytesOf(header(ROUTE)).subarray(1),
  ];
  assert.equal(decodeFrames(frames(10)).routes?.length, 10);
  assert.throws(() => decodeFrames(frames(11)), { code: "EPROTO" });
});

test("EPROTO: more than 1,024 parts that no flag announces, found out there", () => {
  const parts = (count: number): Buffer => Buffer.alloc(count);
  decodeMessage(Buffer.concat([parts(1024), bytesOf(header(0))]));
  const more = Buffer.concat([parts(1025), bytesOf("ff ffffffff")]);
  assert.throws(() => decodeMessage(more), { code: "EPROTO", message: /more than 1024 parts/ });
});
