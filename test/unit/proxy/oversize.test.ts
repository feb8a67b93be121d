import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { Message, partBytes, textPayload } from "../../../src/message/index.ts";
import { ProxyServer } from "../../../src/proxy/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

const LIMIT = 32 * 1024;

/** A proxy with a limit of its own before a broker with twice as much, and a program behind the proxy that stays connected. */
async function behindProxy() {
  const instance = await TestInstance.start({ maxFrameBytes: 2 * LIMIT });
  const lines: string[] = [];
  const onLog = (text: string): void => void lines.push(text);
  const proxy = await ProxyServer.start({ uri: instance.uri, env: {}, onLog, maxFrameBytes: LIMIT });
  const far = await connect(proxy.uri, { env: {} });
  const raw = await RawClient.connect(proxy.uri);
  return {
    instance,
    far,
    raw,
    lines,
    near: () => instance.connect(),
    async [Symbol.asyncDispose]() {
      await raw.close();
      await far.close();
      await proxy.stop();
      await instance.stop();
    },
  };
}

function sized(bytes: number, topic: string): Message {
  const bare = Message.request({ topic, matchtag: 1, payload: new Uint8Array(1000) });
  const payload = new Uint8Array(1000 + bytes + 8 - bare.frameBytes());
  return Message.request({ topic, matchtag: 1, payload });
}

test("a request over the limit of the proxy, also with its route part, is answered EMSGSIZE", async () => {
  await using place = await behindProxy();
  for (const [bytes, counted] of [
    [LIMIT + 1, LIMIT + 1],
    [LIMIT, LIMIT + 37],
    [LIMIT - 36, LIMIT + 1],
  ] as const) {
    const response = await place.raw.ask(sized(bytes, "broker.ping"));
    assert.equal(response.errnum, errno.EMSGSIZE);
    assert.equal(response.text, `request of ${counted} bytes is over the limit of ${LIMIT}`);
  }
  const fits = await place.raw.ask(sized(LIMIT - 37, "nosuch.method"));
  assert.equal(fits.errnum, errno.ENOSYS);
  assert.equal((await place.far.ping()).rank, 0);
});

test("messages between programs and the broker that are over the limit fail alone", async () => {
  await using place = await behindProxy();
  const near = await place.near();
  await using _far = await place.far.serve("far", {
    get: () => new Uint8Array(2 * LIMIT),
    echo: { request: (request) => request.respondRaw(request.payload) },
  });
  await using _near = await near.serve("near", { get: () => new Uint8Array(LIMIT) });
  const big = new Uint8Array(LIMIT);
  await rejects(near.call("far.echo", big), "EMSGSIZE");
  await rejects(near.call("far.get"), "EMSGSIZE");
  await rejects(place.far.call("near.get"), "EMSGSIZE");
  await using events = near.subscribe("");
  await using behind = place.far.subscribe("");
  await Promise.all([events.ready, behind.ready]);
  place.far.sendEvent(place.far.encodeEvent("big", new Uint8Array(2 * LIMIT)));
  await near.publish("large", big);
  await place.far.publish("last");
  assert.equal((await events.next()).value?.topic, "large");
  assert.equal((await events.next()).value?.topic, "last");
  assert.equal((await behind.next()).value?.topic, "last");
  assert.deepEqual(await place.far.rpcRaw("far.echo", new Uint8Array(5)), new Uint8Array(5));
  assert(place.lines.some((line) => /^event of user .* is over the limit of 32768: dropped$/.test(line)));
  assert(place.lines.some((line) => /^lost event 1: event of \d+ bytes/.test(line)));
});

test("a response whose route part is not in its shortest form does not spoil the stream of a program", async () => {
  await using place = await behindProxy();
  await using service = await RawClient.connect(place.instance.uri);
  const add = Message.request({
    topic: "service.add",
    matchtag: 1,
    payload: textPayload('{"service":"odd"}'),
  });
  assert.equal((await service.ask(add)).errnum, 0);
  const call = place.far.call("odd.get");
  const request = await service.next("request");
  const routes = request.routes!;
  assert.equal(routes.length, 4);
  const answer = request.deriveResponse(0).encode();
  // The length of the last part, 36, as a long one.
  const at = 8 + 3 * partBytes(36);
  const odd = Buffer.concat([answer.subarray(0, at), Buffer.of(255, 0, 0, 0, 36), answer.subarray(at + 1)]);
  odd.writeUInt32BE(odd.length - 8, 4);
  service.send(odd);
  await call;
  assert.equal(place.far.status, "connected");
});

test("prefixes and topics are limited where programs enter", async () => {
  await using place = await behindProxy();
  await rejects(place.far.subscribe("p".repeat(1025)).ready, "EINVAL");
  await place.far.subscribe("p".repeat(1024)).ready;
  const response = await place.raw.ask(Message.request({ topic: `a.${"b".repeat(2000)}`, matchtag: 1 }));
  assert.deepEqual(
    [response.errnum, response.text, response.topic?.length],
    [errno.EINVAL, "topic of 2002 bytes is over the limit of 1024", 255],
  );
  await until(() => place.far.pending === 0, "all answers");
});
