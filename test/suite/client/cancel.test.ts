import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flux, Request } from "../../../src/client/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { AS_GUEST, GUEST, startInstance } from "../../helpers/instance.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** Serves `hold.it`, which answers nothing; gives its requests. */
async function holder(server: Flux): Promise<Request[]> {
  const held: Request[] = [];
  await server.serve("hold", {
    it: {
      allow: Role.ALL,
      request(request) {
        held.push(request);
      },
    },
  });
  return held;
}

type Sender = { readonly userid?: number; readonly rolemask?: number };

const stream = (matchtag: number, fields: Sender = {}) =>
  Message.request({ topic: "hold.it", matchtag, flags: MessageFlag.STREAMING, ...fields });
const cancel = (tag: number, matchtag = 0, fields: Sender = {}) =>
  Message.request({
    topic: "hold.cancel",
    matchtag,
    flags: matchtag === 0 ? MessageFlag.NORESPONSE : 0,
    payload: textPayload(`{"matchtag":${tag}}`),
    ...fields,
  });

test("cancel ends the request of its sender with that tag, by ENODATA", async () => {
  await using instance = await startInstance();
  const server = await instance.connect();
  const held = await holder(server);
  await using raw = await RawClient.connect(instance.uri);
  raw.send(stream(5));
  raw.send(stream(6));
  raw.send(cancel(6, 9));
  const [ended, answered] = [await raw.next(), await raw.next()];
  assert.deepEqual([ended.matchtag, ended.errnum, ended.topic], [6, 61, "hold.it"]);
  assert.deepEqual([answered.matchtag, answered.errnum, answered.payload], [9, 0, undefined]);
  assert.deepEqual(
    held.map(({ signal }) => signal.aborted),
    [false, true],
  );
  assert.equal(server.serving, 1);
  held[1]?.respond({ swallowed: true });
  raw.send(cancel(77, 10));
  assert.deepEqual([(await raw.next()).matchtag, raw.unread], [10, 0], "an unknown tag is no error");
  const bad = await raw.ask(Message.request({ topic: "hold.cancel", matchtag: 11 }));
  assert.equal(bad.errnum, 71);
});

test("nobody cancels the request of another", async () => {
  await using instance = await startInstance();
  const server = await instance.connect();
  const held = await holder(server);
  await using one = await RawClient.connect(instance.uri);
  await using other = await RawClient.connect(instance.uri);
  one.send(stream(5, AS_GUEST));
  await until(() => held.length === 1, "the request");
  assert.equal((await other.ask(cancel(5, 1, AS_GUEST))).errnum, 0);
  assert.equal(held[0]?.signal.aborted, false, "same user, same tag, another connection");
  one.send(cancel(5, 1, AS_GUEST));
  assert.equal((await one.next()).errnum, 61);
  assert.equal(held[0]?.signal.aborted, true);
});

test("one connection, several users: a cancel counts only for requests of its own", async () => {
  await using instance = await startInstance();
  const server = await instance.connect();
  const held = await holder(server);
  await using raw = await RawClient.connect(instance.uri);
  raw.send(stream(5, { userid: GUEST + 1, rolemask: Role.USER }));
  await until(() => held.length === 1, "the request");
  await raw.ask(cancel(5, 1, AS_GUEST));
  assert.equal(held[0]?.signal.aborted, false);
  raw.send(cancel(5, 1, { userid: GUEST + 1, rolemask: Role.USER }));
  await until(() => held[0]?.signal.aborted === true, "the signal");
});

test("when a client goes, its requests end without an answer", async () => {
  await using instance = await startInstance();
  const [server, staying, leaving] = [
    await instance.connect(),
    await instance.connect(),
    await instance.connect(),
  ];
  const held = await holder(server);
  const kept = staying.stream("hold.it");
  await until(() => held.length === 1, "the first request");
  const lost = [leaving.stream("hold.it"), leaving.stream("hold.it")];
  const call = rejects(leaving.rpc("hold.it"), "ECONNRESET");
  await until(() => held.length === 4, "the requests");
  await leaving.close();
  await call;
  for (const each of lost) assert.equal((await drain(each)).error?.code, "ECONNRESET");
  await until(() => server.serving === 1, "the disconnect");
  assert.deepEqual(
    held.map(({ signal }) => signal.aborted),
    [false, true, true, true],
  );
  await kept.return();
  await until(() => server.serving === 0, "the cancel");
});

test("the signal of a request that was cancelled before anyone looked has fired", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  const held = await holder(server);
  const running = client.stream("hold.it");
  await until(() => held.length === 1, "the request");
  await running.return();
  await until(() => client.pending === 0, "the end");
  assert.equal(held[0]?.signal.aborted, true);
});

test("when the server's connection goes, the signals of its requests fire", async () => {
  await using instance = await startInstance();
  const [server, client] = [await instance.connect(), await instance.connect()];
  const held = await holder(server);
  const running = client.stream("hold.it");
  await until(() => held.length === 1, "the request");
  await server.close();
  assert.equal(held[0]?.signal.aborted, true);
  assert.equal(server.serving, 0);
  held[0]?.respond({ swallowed: true });
  await running.return();
});
