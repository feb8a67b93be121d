import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flux, LogLevel } from "../../../src/client/index.ts";
import { Message, textPayload } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const TIME = "2026-01-02T03:04:05.678901Z";

/** The lines log.dmesg has now, without what comes before the message. */
async function dmesg(flux: Flux): Promise<string[]> {
  const { items, error } = await drain(flux.callStream("log.dmesg", { follow: false }));
  assert.equal(error, undefined);
  return items.map(({ text }) => (text ?? "").replace(/^.*? - - /s, ""));
}

/** Appends a record as it stands. */
const append = (flux: Flux, record: string) => flux.rpcRaw("log.append", Buffer.from(record));

test("records are kept as they are, oldest first", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const records = [
    `<40>1 ${TIME} 0 rec 9526 - - hello from a client`,
    `<0>1 ${TIME} 0 kernel - - - emergency <7> - -`,
    `<56>1 - 0 x 1 - - ünicode`,
  ];
  for (const record of records) await append(flux, record);
  const { items } = await drain(flux.callStream("log.dmesg", { follow: false }));
  assert.deepEqual(
    items.map(({ text }) => text),
    records,
  );
});

test("a record is kept as it is, up to a NUL: who logs makes one of each line", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await append(flux, `<40>1 ${TIME} 0 rec 1 - - one\ntwo\r\n\nthree\n\0more`);
  await append(flux, `<40>1 ${TIME} 0 rec 1 - - `);
  await flux.log("notice", "a\n\nb\r\n");
  await flux.ping();
  assert.deepEqual(await dmesg(flux), ["one\ntwo\r\n\nthree\n", "", "a", "b"]);
});

test("bytes that are no UTF-8 come back as they went", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  const record = Buffer.concat([
    Buffer.from(`<40>1 ${TIME} 0 rec 1 id [a b="c d"][e] `),
    Buffer.of(0xff, 0x82, 0xc3),
  ]);
  await flux.rpcRaw("log.append", record);
  const { items } = await drain(flux.callStream("log.dmesg", { follow: false }));
  assert.deepEqual(
    items.map(({ payload }) => Buffer.from(payload ?? [])),
    [Buffer.concat([record, Buffer.of(0)])],
  );
});

test("what is of another rank, or no record, is counted and not kept", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await append(flux, `<40>1 ${TIME} 0 rec 1 - - mine`);
  await append(flux, `<40>1 ${TIME} 7 rec 1 - - of rank 7`);
  await append(flux, `<40>1 ${TIME} host rec 1 - - of a host, which is rank 0`);
  await append(flux, `<40>1 ${TIME} 0 rec 1 - -`);
  await append(flux, "garbage");
  await append(flux, "<999>1 - 0 x 1 - - level");
  assert.equal(await flux.rpcRaw("log.append"), undefined);
  assert.deepEqual(await dmesg(flux), ["mine", "of a host, which is rank 0"]);
  assert.deepEqual(await flux.rpc("log.stats-get"), {
    "ring-used": 2,
    count: 2,
    local: 3,
    remote: 4,
    dropped: 0,
  });
});

test("the ring forgets its oldest, and all when it is cleared", async () => {
  await using instance = await TestInstance.start({ logRingSize: 4 });
  const flux = await instance.connect();
  for (let i = 0; i < 10; i++) await append(flux, `<40>1 ${TIME} 0 rec 1 - - ${i}`);
  assert.deepEqual(await dmesg(flux), ["6", "7", "8", "9"]);
  assert.deepEqual(await flux.rpc("log.stats-get"), {
    "ring-used": 4,
    count: 10,
    local: 10,
    remote: 0,
    dropped: 0,
  });
  await flux.rpc("log.clear");
  assert.deepEqual(await dmesg(flux), []);
  assert.equal(await flux.attributes.get("log-ring-size"), "4");
  await using off = await TestInstance.start({ logRingSize: 0 });
  const other = await off.connect();
  await append(other, `<40>1 ${TIME} 0 rec 1 - - lost`);
  assert.deepEqual(await dmesg(other), []);
});

test("what is less severe than the level is printed only", async () => {
  const printed: [LogLevel, string][] = [];
  await using instance = await TestInstance.start({
    logLevel: "warning",
    onLog: ({ level, message }) => printed.push([level, message]),
  });
  const flux = await instance.connect();
  await flux.log("info", "detail");
  await flux.log("warning", "trouble");
  instance.broker.log("debug", "own detail");
  instance.broker.log("crit", "own\ntrouble");
  await flux.ping();
  assert.deepEqual(await dmesg(flux), ["own", "trouble", "trouble"]);
  assert.deepEqual(
    printed.map(([level]) => level),
    ["debug", "crit", "crit", "info", "warning"],
  );
});

test("dmesg wants the flag and its arguments", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await rejects(flux.rpc("log.dmesg", { follow: false }), "EPROTO");
  for (const bad of [{}, { follow: 0 }, { follow: false, nobacklog: 1 }, undefined])
    assert.equal((await drain(flux.stream("log.dmesg", bad))).error?.code, "EPROTO");
});

test("a follower gets the backlog, then each line as it comes, until it leaves", async () => {
  await using instance = await TestInstance.start();
  const [flux, writer] = [await instance.connect(), await instance.connect()];
  await append(writer, `<40>1 ${TIME} 0 rec 1 - - before`);
  const all = flux.callStream("log.dmesg", { follow: true });
  const fresh = flux.callStream("log.dmesg", { follow: true, nobacklog: true });
  const message = async (stream: typeof all) => (await stream.next()).value?.text?.replace(/^.*? - - /s, "");
  assert.equal(await message(all), "before");
  await append(writer, `<40>1 ${TIME} 0 rec 1 - - after`);
  assert.equal(await message(all), "after");
  assert.equal(await message(fresh), "after");
  await all.return();
  await until(() => flux.pending === 1, "the end of the first");
  await append(writer, `<40>1 ${TIME} 0 rec 1 - - later`);
  assert.equal(await message(fresh), "later");
  await fresh.return();
  await until(() => flux.pending === 0, "the end of the second");
});

test("log.cancel ends a follower with ENODATA, and is not answered itself", async () => {
  await using instance = await TestInstance.start();
  await using raw = await RawClient.connect(instance.uri);
  raw.send(
    Message.request({
      topic: "log.dmesg",
      matchtag: 3,
      flags: 0x40,
      payload: textPayload('{"follow":true}'),
    }),
  );
  for (const payload of ['{"matchtag":9}', "{}", '{"matchtag":3}'])
    raw.send(Message.request({ topic: "log.cancel", matchtag: 4, payload: textPayload(payload) }));
  const end = await raw.next();
  const next = await raw.ask(Message.request({ topic: "log.clear", matchtag: 5 }));
  assert.deepEqual([end.matchtag, end.errnum, next.matchtag, next.errnum, raw.unread], [3, 61, 5, 0, 0]);
});

test("log-stderr-level is the log's to decide", async () => {
  const printed: string[] = [];
  await using instance = await TestInstance.start({ printLog: (line) => printed.push(line) });
  const flux = await instance.connect();
  instance.broker.log("warning", "one");
  await flux.attributes.set("log-stderr-level", "4");
  instance.broker.log("warning", "two");
  await flux.attributes.set("log-stderr-level", "-1");
  instance.broker.log("err", "three");
  instance.broker.log("crit", "four");
  assert.equal(await flux.attributes.get("log-stderr-level"), "-1");
  for (const bad of ["8", "", "err", "4 "])
    await rejects(flux.attributes.set("log-stderr-level", bad), "EINVAL", "invalid level");
  await rejects(
    flux.rpc("log.setattr", { name: "log-level", value: "1" }),
    "EINVAL",
    "unknown log attribute",
  );
  await rejects(flux.rpc("log.setattr", { name: "log-stderr-level" }), "EPROTO");
  assert.deepEqual(
    printed.map((line) => line.replace(/^.*? \d{4} /, "")),
    ["broker.warning[0]: two", "broker.crit[0]: four"],
  );
});

test("a follower that goes away is forgotten", async () => {
  await using instance = await TestInstance.start();
  const leaver = await instance.connect();
  const following = leaver.callStream("log.dmesg", { follow: true });
  instance.broker.log("info", "one");
  await following.next();
  await leaver.close();
  await until(() => instance.broker.stats.clients === 0, "the end");
  instance.broker.log("info", "two");
  const flux = await instance.connect();
  assert.deepEqual(await dmesg(flux), ["one", "two"]);
});

test("a record that wants no answer gets none", async () => {
  await using instance = await TestInstance.start();
  await using raw = await RawClient.connect(instance.uri);
  const payload = Buffer.from(`<40>1 ${TIME} 0 rec 1 - - quiet`);
  raw.send(Message.request({ topic: "log.append", matchtag: 0, payload }));
  const answered = await raw.ask(Message.request({ topic: "log.append", matchtag: 5, payload }));
  assert.deepEqual([answered.matchtag, answered.errnum, answered.payload, raw.unread], [5, 0, undefined, 0]);
});
