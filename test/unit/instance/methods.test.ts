import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import { type LogRecord, RequestHandlers } from "../../../src/client/index.ts";
import { type Message, MessageFlag, Message as Messages } from "../../../src/message/index.ts";
import { BUNDLED } from "../../../src/module/bundled/index.ts";
import { ModuleLoaders } from "../../../src/module/index.ts";
import {
  CHANGES_NOTHING,
  isAwaited,
  MALFORMED,
  ONE_WRONG,
  requestsOf,
  WELL_FORMED,
} from "../../helpers/method-shapes.ts";
import type { RawClient } from "../../helpers/raw-client.ts";
import { until } from "../../helpers/until.ts";
import { GUEST, OWNER, Users } from "../../helpers/users.ts";

/** How long a topic's requests may take: much more than they do. */
const BOUND_MS = 60_000;

/** Methods that no table of handlers has: the router and the connector answer them. */
const ROUTED = ["event.publish", "event.subscribe", "event.unsubscribe", "service.add", "service.remove"];

/** What the owner is not to ask for here: it would end the instance, and is not answered, as in flux-core. */
const OWNER_SKIPS = ["shutdown.start", "log.cancel"];

/** What neither a response nor the log may have. */
const FAULT =
  /\n\s+at |TypeError|RangeError|is not a function|is not iterable|Cannot |internal error|gave no answer/;

/** The topics, and those that every service answers. */
function withDefaults(topics: Iterable<string>): string[] {
  const all = new Set(topics);
  for (const topic of topics)
    for (const method of ["cancel", "disconnect", "nosuch", ""]) all.add(topic.replace(/[^.]*$/, method));
  return [...all].sort();
}

/** Sends requests of a topic, and waits until each that wants one has a response. Gives the errors of the responses. */
async function ask(client: RawClient, topic: string, requests: readonly Message[]): Promise<Set<number>> {
  const errors = new Set<number>();
  const waiting = new Set(requests.filter(isAwaited).map(({ matchtag }) => matchtag));
  client.send(Buffer.concat(requests.map((request) => request.encode())));
  const isDone = async (): Promise<boolean> => {
    while (client.unread > 0) {
      const response = await client.next(topic);
      if (response.type !== 2) continue;
      waiting.delete(response.matchtag);
      errors.add(response.errnum);
      if (response.errnum === 0) continue;
      const text = response.text ?? "";
      assert.doesNotMatch(text, FAULT, topic);
      assert.ok(text.length < 1000, `${topic} repeats ${text.length} characters`);
    }
    return waiting.size === 0;
  };
  await until(isDone, `${topic}: a response to each`, BOUND_MS);
  return errors;
}

interface Asked {
  readonly users: Users;
  readonly topics: readonly string[];
  readonly ranks: number;
  readonly records: readonly LogRecord[];
  /** Requests that services have not answered. */
  readonly open: () => number;
}

/** Asks all methods as a guest and, in ways that change nothing, as the owner. */
async function askAll({ users, topics, ranks, records, open }: Asked): Promise<void> {
  const before = open();
  const wrong = (index: number): Uint8Array[] => ONE_WRONG.filter((_, i) => (i + index) % 3 === 0);
  for (const [index, topic] of topics.entries()) {
    const guest = await users.raw(GUEST);
    const errors = await ask(guest, topic, requestsOf(topic, [...WELL_FORMED, ...MALFORMED], ranks));
    // One that looks at what it is asked is asked with one field wrong: each time in a third of the ways, for services have many methods alike.
    const isRefused = errors.size === 1 && (errors.has(errno.EPERM) || errors.has(errno.ENOSYS));
    if (!isRefused) await ask(guest, topic, requestsOf(topic, wrong(index), 1, [0]));
    await guest.close();
  }
  const owner = await users.raw(OWNER);
  for (const topic of topics)
    if (!OWNER_SKIPS.includes(topic)) await ask(owner, topic, requestsOf(topic, CHANGES_NOTHING, 1));
  await owner.close();
  await until(() => open() <= before, "nothing is kept of those who have left", BOUND_MS);
  const faults = records.map(({ message }) => message).filter((message) => FAULT.test(message));
  assert.deepEqual(faults, []);
}

/** Notes the topics of all handlers that are added while the test runs. */
function watchTopics(t: TestContext): () => string[] {
  const add = t.mock.method(RequestHandlers.prototype, "add");
  return () => add.mock.calls.map(({ arguments: [topic] }) => topic);
}

const limits = { jsonBytes: 20_000, jsonValues: 5000, guestJsonBytes: 20_000, guestJsonValues: 5000 };

describe("every method answers whatever it is asked, and keeps nothing", () => {
  test("of a broker in a tree", async () => {
    const records: LogRecord[] = [];
    const options = {
      allowGuests: true,
      size: 2,
      limits,
      onLog: (record: LogRecord) => records.push(record),
    };
    await using users = await Users.start(options);
    const { brokers } = users.instance;
    const topics = withDefaults([...ROUTED, ...brokers.flatMap(({ builtins }) => builtins.topics)]);
    for (const service of [
      "attr",
      "broker",
      "config",
      "connector-local",
      "event",
      "groups",
      "heaptrace",
      "log",
      "module",
      "overlay",
      "rexec",
      "runat",
      "shutdown",
      "state-machine",
    ])
      assert.ok(topics.includes(`${service}.nosuch`), service);
    await askAll({
      users,
      topics,
      ranks: 2,
      records,
      open: () => brokers.reduce((sum, { builtins }) => sum + builtins.active, 0),
    });
    assert.equal(brokers[0]!.stats.lastEvent > 0, true);
  });

  test("of each module of fluxbus", async (t) => {
    const topicsOf = watchTopics(t);
    const records: LogRecord[] = [];
    await using users = await Users.start({
      allowGuests: true,
      events: null,
      moduleLoader: new ModuleLoaders({ PATH: process.env["PATH"] }),
      onLog: (record) => records.push(record),
    });
    const owner = await users.connect(OWNER);
    const before = topicsOf().length;
    for (const path of Object.keys(BUNDLED)) await owner.call("module.load", { path, args: [] });
    const topics = withDefaults(topicsOf().slice(before)).filter((topic) => !topic.endsWith(".shutdown"));
    for (const name of Object.keys(BUNDLED)) assert.ok(topics.includes(`${name}.ping`), name);
    await askAll({ users, topics, ranks: 1, records, open: () => 0 });
    for (const name of Object.keys(BUNDLED)) await owner.call(`${name}.stats-get`);
  });

  test("of a program that serves: what it need not define", async () => {
    const records: LogRecord[] = [];
    const lines: string[] = [];
    await using users = await Users.start({ allowGuests: true, onLog: (record) => records.push(record) });
    const server = await users.connect(OWNER, { limits, onLog: (_level, text) => lines.push(text) });
    await server.serve("svc", {
      call: { allow: 2, answer: ({ name }) => ({ name: String(typeof name) }) },
      stream: {
        allow: 2,
        async *answer() {
          yield { item: 1 };
        },
      },
    });
    await askAll({
      users,
      topics: withDefaults(["svc.call", "svc.stream"]),
      ranks: 1,
      records,
      open: () => server.serving,
    });
    assert.deepEqual(lines, []);
  });
});

test("shutdown of a module is answered when somebody waits for it, and refused to guests", async () => {
  await using users = await Users.start({
    allowGuests: true,
    moduleLoader: new ModuleLoaders({ PATH: process.env["PATH"] }),
  });
  const owner = await users.connect(OWNER);
  await owner.call("module.load", { path: "heartbeat", args: [] });
  await using guest = await users.raw(GUEST);
  const refused = await guest.ask(Messages.request({ topic: "heartbeat.shutdown", matchtag: 1 }));
  assert.equal(refused.errnum, 1);
  guest.send(Messages.request({ topic: "heartbeat.shutdown", flags: MessageFlag.NORESPONSE }));
  await owner.call("heartbeat.ping", {});
  await owner.call("heartbeat.shutdown");
  await until(() => !users.instance.broker.loadedModules.includes("heartbeat"), "its end");
});
