import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import type { Flux, Request } from "../../../src/client/index.ts";
import { type ConnectOptions, connect } from "../../../src/connect/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { type ProxyOptions, ProxyServer } from "../../../src/proxy/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { AS_GUEST, GUEST, OWNER } from "../../helpers/instance.ts";
import { Place } from "../../helpers/place.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { until } from "../../helpers/until.ts";

/** An instance with a proxy before it: `near` is a client of the broker, `far` one of the proxy. */
async function behindProxy(options: Partial<ProxyOptions> = {}) {
  const instance = await TestInstance.start();
  const lines: string[] = [];
  const onLog = (text: string): void => void lines.push(text);
  const proxy = await ProxyServer.start({ uri: instance.uri, env: {}, onLog, ...options });
  const open: Flux[] = [];
  const far = async (connectOptions: ConnectOptions = {}): Promise<Flux> => {
    const flux = await connect(proxy.uri, { env: {}, ...connectOptions });
    open.push(flux);
    return flux;
  };
  return {
    instance,
    proxy,
    lines,
    far,
    near: () => instance.connect(),
    async [Symbol.asyncDispose]() {
      for (const flux of open) await flux.close();
      await proxy.stop();
      await instance.stop();
    },
  };
}

test("calls, streams and large payloads pass, with one more hop", async () => {
  await using place = await behindProxy();
  const [near, one, other] = [await place.near(), await place.far(), await place.far()];
  await using _service = await near.serve("calc", {
    add: ({ a, b }) => ({ sum: a + b }),
    echo: { request: (request) => request.respondRaw(request.payload) },
    *count({ to }) {
      for (let i = 0; i < to; i++) yield { i };
    },
  });
  assert.deepEqual(await one.rpc("calc.add", { a: 1, b: 2 }), { sum: 3 });
  assert.equal((await drain(other.stream("calc.count", { to: 5000 }))).items.length, 5000);
  const big = new Uint8Array(3_000_000).fill(7);
  assert.equal(Buffer.compare((await one.rpcRaw("calc.echo", big))!, big), 0);
  const hops = (await near.ping()).route.split("!").length;
  const reply = await one.ping();
  assert.equal(reply.route.split("!").length, hops + 1);
  assert.deepEqual([reply.userid, reply.rolemask], [OWNER, Role.OWNER | Role.LOCAL]);
  await rejects(one.rpc("nosuch.method"), "ENOSYS", "No service matching nosuch.method is registered");
  await rejects(one.rpc("broker.ping", {}, { nodeid: 7 }), "EHOSTUNREACH");
  assert.equal(place.instance.broker.stats.clients, 2, "the proxy is one client");
  const calls = Array.from({ length: 1000 }, (_, i) => (i % 2 ? one : other).rpc("calc.add", { a: i, b: 1 }));
  assert((await Promise.all(calls)).every(({ sum }, i) => sum === i + 1));
});

test("subscriptions: each client its own, the broker is asked once for each prefix", async () => {
  await using place = await behindProxy();
  const [near, one, other] = [await place.near(), await place.far(), await place.far()];
  await using a = one.subscribe("a");
  await using both = other.subscribe("a");
  await using dotted = other.subscribe("a.");
  await Promise.all([a.ready, both.ready, dotted.ready]);
  await near.publish("a");
  await near.publish("a.b", { n: 1 });
  await near.publish("b");
  await other.publish("a.last");
  const topics = async (events: typeof a, count: number) => {
    const seen: string[] = [];
    while (seen.length < count) seen.push((await events.next()).value!.topic);
    return seen;
  };
  assert.deepEqual(await topics(a, 3), ["a", "a.b", "a.last"]);
  assert.deepEqual(await topics(both, 3), ["a", "a.b", "a.last"]);
  assert.deepEqual(await topics(dotted, 2), ["a.b", "a.last"]);
  await one.call("event.subscribe", { topic: "twice" });
  await one.call("event.subscribe", { topic: "twice" });
  await one.call("event.unsubscribe", { topic: "twice" });
  await one.call("event.unsubscribe", { topic: "twice" });
  await rejects(one.call("event.unsubscribe", { topic: "twice" }), "ENOENT", null);
  await rejects(one.call("event.subscribe", {}), "EPROTO", null);
});

test("services of clients: registered, served, taken back with their client", async () => {
  await using place = await behindProxy();
  const [near, one, other] = [await place.near(), await place.far(), await place.far()];
  const service = await one.serve("far", { who: () => ({ one: true }) });
  assert.deepEqual(await near.rpc("far.who"), { one: true });
  assert.deepEqual(await other.rpc("far.who"), { one: true }, "one client of the proxy calls another");
  await rejects(near.rpc("far"), "ENOSYS");
  await rejects(other.call("service.add", { service: "far" }), "EEXIST", null);
  await rejects(other.call("service.remove", { service: "far" }), "ENOENT", null);
  await rejects(other.call("service.add", { service: "a.b" }), "EINVAL", null);
  await rejects(other.call("service.add", { service: "broker" }), "EEXIST", null);
  await rejects(near.call("service.add", { service: "far" }), "EEXIST");
  await service.close();
  await rejects(near.rpc("far.who"), "ENOSYS");
  await other.serve("far", { who: () => ({ other: true }) });
  assert.deepEqual(await near.rpc("far.who"), { other: true });
  await other.close();
  await until(
    () =>
      near.rpc("far.who").then(
        () => false,
        () => true,
      ),
    "the end of the service",
  );
  await one.serve("far", {});
});

test("credentials are the broker's affair: an owner speaks for guests through the proxy too", async () => {
  await using place = await behindProxy();
  const [near, guest, owner] = [await place.near(), await place.far(AS_GUEST), await place.far()];
  const reply = await guest.ping();
  assert.deepEqual([reply.userid, reply.rolemask], [GUEST, Role.USER]);
  await rejects(guest.attributes.set("test.a", "1"), "EPERM", "Request requires owner credentials");
  await rejects(guest.call("service.add", { service: "calc" }), "EPERM", null);
  await using own = await guest.serve(`${GUEST}-calc`, { f: { allow: Role.ALL, answer: () => ({}) } });
  await near.rpc(`${GUEST}-calc.f`);
  await own.close();
  await using events = owner.subscribe("p", { allow: Role.ALL });
  await guest.publish("p.1", {}, { private: true });
  near.sendEvent(near.encodeEvent("p.2"));
  const [one, two] = [await events.next(), await events.next()];
  assert.deepEqual([one.value?.userid, one.value?.private, two.value?.userid], [GUEST, true, OWNER]);
});

test("a client that goes: its requests end at the service, those of others stay", async () => {
  await using place = await behindProxy();
  const [near, staying, leaving] = [await place.near(), await place.far(), await place.far()];
  const held: Request[] = [];
  await near.serve("hold", { it: { request: (request) => void held.push(request) } });
  const kept = staying.stream("hold.it");
  const lost = rejects(leaving.rpc("hold.it"), "ECONNRESET");
  await until(() => held.length === 2, "the requests");
  await leaving.close();
  await lost;
  await until(() => near.serving === 1, "the disconnect");
  await kept.return();
  await until(() => near.serving === 0, "the cancel");
});

test("a proxy behind a proxy", async () => {
  await using place = await behindProxy();
  await using second = await ProxyServer.start({ uri: place.proxy.uri, env: {}, onLog() {} });
  await using flux = await connect(second.uri, { env: {} });
  const near = await place.near();
  await using _service = await flux.serve("deep", { who: () => ({ deep: true }) });
  assert.deepEqual(await near.rpc("deep.who"), { deep: true });
  await using events = flux.subscribe("e");
  await events.ready;
  await near.publish("e.1");
  assert.equal((await events.next()).value?.topic, "e.1");
  assert.equal((await flux.ping()).route.split("!").length, (await near.ping()).route.split("!").length + 2);
});

test("bytes of a stranger: no response wanted, no topic, an overlong one", async () => {
  await using place = await behindProxy();
  await using raw = await RawClient.connect(place.proxy.uri);
  raw.send(Message.control({ controlType: 1, status: 1 }));
  raw.send(Message.request({ matchtag: 1 }));
  const subscribe = { topic: "event.subscribe", payload: textPayload('{"topic":"a"}') };
  raw.send(Message.request({ ...subscribe, flags: MessageFlag.NORESPONSE }));
  raw.send(Message.response({ topic: "a.b", routes: ["nobody"] }));
  raw.send(Message.event({ topic: "a.event" }));
  const event = await raw.next();
  assert.deepEqual([event.topic, event.seq], ["a.event", 1]);
  const long = await raw.ask(Message.request({ topic: `a.${"x".repeat(250)}.b`, matchtag: 2 }));
  assert.deepEqual([long.matchtag, long.errnum], [2, 22]);
  const answer = await raw.ask(Message.request({ ...subscribe, matchtag: 3 }));
  assert.deepEqual([answer.userid, answer.rolemask, answer.routes], [0xffffffff, Role.OWNER, []]);
});

test("a broker of another version is refused, or warned of", async () => {
  await using instance = await TestInstance.start();
  const flux = await instance.connect();
  await flux.attributes.set("version", "0.0.0", { force: true });
  const text = "proxy version 0.88.0 may not interoperate with broker version 0.0.0";
  const lines: string[] = [];
  const options = { uri: instance.uri, env: {}, onLog: (line: string) => void lines.push(line) };
  await rejects(ProxyServer.start(options), "EPROTO", `fatal: ${text} (--force to connect anyway)`);
  await using _proxy = await ProxyServer.start({ ...options, force: true });
  assert.deepEqual(lines, [`warning: ${text}`]);
});

test("the socket is gone with the proxy; a TMPDIR that is none is left alone", async () => {
  const env = { TMPDIR: "/no/such/folder" };
  await using place = await behindProxy({ env });
  const path = place.proxy.uri.slice("local://".length);
  assert.match(path, /^\/tmp\/flux-proxy-\w{6}\/local$/);
  assert.deepEqual(place.lines, ["TMPDIR (/no/such/folder) is not a directory. Using /tmp instead"]);
  const flux = await place.far();
  await place.proxy.stop();
  await place.proxy.stop();
  await until(() => flux.status === "closed", "the end of the client");
  assert.equal(existsSync(dirname(path)), false);
});

test("a lost broker is the end; what clients wait for fails", async () => {
  await using place = await behindProxy();
  const flux = await place.far();
  await flux.ping();
  await place.instance.halt();
  await place.proxy.lost;
  await place.proxy.stop();
  await rejects(flux.ping(), "ECONNRESET");
});

test("reconnect: what is pending fails, the rest waits and goes on", async () => {
  await using place = await Place.create();
  const lines: string[] = [];
  await using proxy = await ProxyServer.start({
    uri: place.uri,
    env: { FLUX_LOCAL_CONNECTOR_RETRY_COUNT: "0" },
    reconnect: true,
    onLog: (line) => void lines.push(line),
  });
  await using flux = await connect(proxy.uri, { env: {} });
  await using events = flux.subscribe("e");
  await events.ready;
  await using service = await flux.serve("far", { who: () => ({ far: true }) });
  service.add("hold", { request() {} });
  const call = rejects(flux.rpc("far.hold"), "ECONNRESET", "RPC aborted due to broker reconnect");
  await until(() => flux.serving === 1, "the request");
  await place.stop();
  await call;
  const waiting = [flux.ping(), flux.rpc("far.who"), flux.subscribe("f").ready];
  await place.start();
  await Promise.all(waiting);
  assert.deepEqual(lines.slice(1), ["reconnecting", "reconnected"]);
  assert.match(lines[0]!, /^broker: /);
  await using near = await connect(place.uri, { env: {} });
  assert.deepEqual(await near.rpc("far.who"), { far: true });
  await near.publish("e.after");
  assert.equal((await events.next()).value?.topic, "e.after");
  assert.equal(flux.status, "connected");
});
