import assert from "node:assert/strict";
import { createConnection, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import { Broker, type BrokerOptions } from "../../../src/broker/index.ts";
import type { Flux, Status } from "../../../src/client/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { type DiskLog, openDiskLog } from "../../../src/event-log/index.ts";
import { Message, Role } from "../../../src/message/index.ts";
import { EventLog, replayMethods } from "../../../src/replay/index.ts";
import { drain, rejects } from "../../helpers/rejects.ts";
import { words, wordsTo } from "../../helpers/replays.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";

const RECONNECT = { delayMs: 1, maxDelayMs: 10 };

/** A place where one broker follows on another, each with its events. */
class Succession implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  broker!: Broker;
  #disk: DiskLog | undefined;

  private constructor(folder: TemporaryFolder) {
    this.folder = folder;
  }

  static async make(kind: "disk" | "memory"): Promise<Succession> {
    const made = new Succession(await TemporaryFolder.make());
    await made.start(kind);
    return made;
  }

  async start(kind: "disk" | "memory" | "none"): Promise<void> {
    const folder = this.folder.of("events");
    if (kind === "disk") this.#disk = await openDiskLog({ folder, now: () => Date.now() });
    const events: BrokerOptions["events"] = kind === "none" ? null : { disk: this.#disk };
    this.broker = await Broker.start({ socketPath: this.folder.of("local-0"), events });
  }

  async stop(): Promise<void> {
    await this.broker.stop();
    await this.#disk?.close();
    this.#disk = undefined;
  }

  /** A handle that comes back. */
  connect(): Promise<Flux> {
    return connect(this.broker.uri, { env: {}, reconnect: RECONNECT, onLog: () => {} });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.folder[Symbol.asyncDispose]();
  }
}

async function publish(broker: Broker, ...topics: string[]): Promise<void> {
  await using flux = broker.connect();
  for (const topic of topics) await flux.publish(topic);
}

test("with a log on disk a replay goes on behind its position when the broker was started again", async () => {
  await using place = await Succession.make("disk");
  await publish(place.broker, "a.1", "a.2", "a.3");
  const before = place.broker.events!.last;
  await using flux = await place.connect();
  await using replay = flux.subscribe("", { since: "begin" });
  assert.deepEqual(await words(replay, 2), ["a.1@1", "a.2@2"]);
  await place.stop();
  await place.start("disk");
  const { epoch } = place.broker.events!.last;
  assert(epoch > before.epoch);
  await publish(place.broker, "b.1", "b.2");
  assert.deepEqual(await words(replay, 3), ["a.3@3", "b.1@1", "b.2@2"]);
  assert.deepEqual([replay.losses, replay.position], [0, { epoch, seq: 2 }]);
  // Another one of an earlier run finds its way too.
  await using later = flux.subscribe("", { since: { epoch: before.epoch, seq: 2 } });
  assert.deepEqual(await words(later, 3), ["a.3@3", "b.1@1", "b.2@2"]);
});

test("with one in memory a restart is a new epoch, and what came behind the position is lost", async () => {
  await using place = await Succession.make("memory");
  await publish(place.broker, "a.1", "a.2");
  const before = place.broker.events!.last;
  await using flux = await place.connect();
  await using marked = flux.subscribe("", { since: "begin", marks: true });
  await using strict = flux.subscribe("", { since: "begin" });
  await wordsTo(marked, "=2");
  assert.deepEqual(await words(strict, 2), ["a.1@1", "a.2@2"]);
  await place.stop();
  await place.start("memory");
  await publish(place.broker, "b.1");
  const told = await wordsTo(marked, "=1");
  assert.deepEqual(
    told.filter((item) => !item.startsWith("=")),
    ["!3-?", "b.1@1"],
  );
  assert.equal(marked.position?.epoch, place.broker.events!.last.epoch);
  const { error } = await drain(strict);
  const text = `events of epoch ${before.epoch} from 3 on are no longer kept`;
  assert.deepEqual([error?.code, error?.text?.startsWith(text)], ["ESTALE", true], error?.message);
});

test("a connection that is cut costs nothing", async () => {
  await using place = await Succession.make("memory");
  const sockets = new Set<Socket>();
  const relay = createServer((near) => {
    const far = createConnection(place.folder.of("local-0"));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) sockets.add(socket.on("error", () => {}));
  });
  relay.listen(place.folder.of("relay"));
  await using flux = await connect(`local://${place.folder.of("relay")}`, {
    env: {},
    reconnect: RECONNECT,
    onLog: () => {},
  });
  await using replay = flux.subscribe("", { since: "begin" });
  await publish(place.broker, "a.1");
  assert.deepEqual(await words(replay, 1), ["a.1@1"]);
  for (let seq = 2; seq < 20; seq += 2) {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await publish(place.broker, "a", "a");
    assert.deepEqual(await words(replay, 2), [`a@${seq}`, `a@${seq + 1}`]);
  }
  relay.close();
});

test("a handle that does not reconnect fails its replays", async () => {
  await using place = await Succession.make("memory");
  const flux = await connect(place.broker.uri, { env: {} });
  const replay = flux.subscribe("", { since: "now" });
  await replay.ready;
  await place.broker.stop();
  assert.equal((await drain(replay)).error?.code, "ECONNRESET");
  await rejects(flux.subscribe("", { since: "now" }).ready, "ECONNRESET");
});

test("a rank that hears nothing from those above for a while is asked again", async () => {
  await using place = await Succession.make("memory");
  await place.stop();
  await place.start("none");
  const log = new EventLog({ rank: 1, schedule: (call) => setImmediate(call) });
  let asked = 0;
  log.older = {
    async resolve() {
      if (++asked < 3) throw new FluxError("ETIMEDOUT");
      log.begin({ epoch: 5, seq: 0 });
      return log.last;
    },
    read: () => assert.fail("its ring has all"),
  };
  const module = place.broker.connect();
  await module.serve("event-log", replayMethods(log));
  await using flux = await place.connect();
  await using replay = flux.subscribe("", { since: "begin" });
  await replay.ready;
  log.append(Message.event({ topic: "a.1", seq: 1, rolemask: Role.OWNER }));
  assert.deepEqual(await words(replay, 1), ["a.1@1"]);
  assert.equal(asked, 3);
  await module.close();
  log.stop();
});

test("beside a broker that keeps none the module event-log is asked, and waited for when it was there before", async () => {
  await using place = await Succession.make("memory");
  await place.stop();
  await place.start("none");
  const log = new EventLog({ rank: 0, schedule: (call) => setImmediate(call) });
  const first = place.broker.connect();
  await first.serve("event-log", replayMethods(log));
  log.append(Message.event({ topic: "a.1", seq: 1, rolemask: Role.OWNER }));
  const statuses: Status[] = [];
  await using flux = await connect(place.broker.uri, {
    env: {},
    reconnect: RECONNECT,
    onLog: () => {},
    onStatus: (status) => statuses.push(status),
  });
  await using replay = flux.subscribe("", { since: "begin" });
  assert.deepEqual(await words(replay, 1), ["a.1@1"]);
  await place.stop();
  await place.start("none");
  await until(() => statuses.at(-1) === "connected", "the connection");
  // Nobody serves it, so that the replay asks in vain, for some time.
  await until(() => place.broker.stats.rx.request > 8, "requests in vain");
  const second = place.broker.connect();
  await second.serve("event-log", replayMethods(log));
  log.append(Message.event({ topic: "a.2", seq: 2, rolemask: Role.OWNER }));
  assert.deepEqual(await words(replay, 1), ["a.2@2"]);
  await Promise.all([first.close(), second.close()]);
  log.stop();
});
