import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../../../src/base/index.ts";
import { decodeFrame, Message, MessageType } from "../../../src/message/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";
import { RawClient } from "../../helpers/raw-client.ts";
import { lasting, RouteMap, readRecording, recordings, type Step } from "../../helpers/recording.ts";
import { until } from "../../helpers/until.ts";

/**
 * What the commands `flux overlay status` and `flux uptime` ask for that a broker of this size does not serve yet. The list may
 * only shrink: a topic that is served must leave it.
 */
const NOT_SERVED = new Set([
  "overlay.health",
  "overlay.topology",
  "state-machine.get",
  "resource.status",
  "job-manager.queue-list",
  "job-manager.queue-status",
]);

/** Attributes whose values are of the machine or the moment. */
const OF_THE_MACHINE = new Set(["hostlist", "security.owner", "broker.starttime"]);

/** Who recorded: root, owner of the instance. */
const RECORDED_OWNER = 0;
const OWNER = process.getuid?.() ?? 0;

/** True for a step in which a client publishes an event, confirmed or not. */
function isPublication({ direction, frame }: Step): boolean {
  if (direction !== "c2b" || frame === undefined) return false;
  const message = decodeFrame(frame);
  return message.type === MessageType.EVENT || message.topic === "event.publish";
}

/** A recording played to a broker: its clients' side sent as it was, its broker's side compared with what comes now. */
class Replay implements AsyncDisposable {
  readonly #instance: TestInstance;
  readonly #clients = new Map<number, RawClient>();
  readonly #routes = new RouteMap();
  /** Requests of each connection by matchtag. */
  readonly #requests = new Map<string, Message>();
  /** Messages of the broker that were compared. */
  compared = 0;

  constructor(instance: TestInstance) {
    this.#instance = instance;
  }

  async play(step: Step): Promise<void> {
    if (step.handshake !== undefined) {
      const client = await RawClient.connect(this.#instance.uri);
      this.#clients.set(step.connection, client);
      assert.equal(client.admission, step.handshake);
    } else if (step.direction === "c2b") this.#send(step);
    else await this.#receive(step);
    const client = this.#clients.get(step.connection)!;
    if (step.last) {
      assert.equal(client.unread, 0, "more came than was recorded");
      await client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.values()) await client[Symbol.asyncDispose]();
  }

  #send(step: Step): void {
    const recorded = decodeFrame(step.frame!);
    const client = this.#clients.get(step.connection)!;
    if (recorded.type === MessageType.REQUEST)
      this.#requests.set(`${step.connection} ${recorded.matchtag}`, recorded);
    if ((recorded.routes ?? []).length === 0) {
      client.send(step.frame!);
      return;
    }
    // A provider's response goes back over the routes that its request came with in this run.
    const { topic, payload, flags, errnum, matchtag, userid, rolemask } = recorded;
    const routes = this.#routes.translate(recorded.routes!);
    client.send(Message.response({ topic, payload, flags, errnum, matchtag, userid, rolemask, routes }));
  }

  async #receive(step: Step): Promise<void> {
    const recorded = decodeFrame(step.frame!);
    // On purpose different: see docs/wire.md.
    if (recorded.type === MessageType.EVENT) recorded.edit({ routes: null });
    const actual = await this.#clients.get(step.connection)!.next(`answer to ${recorded.topic}`);
    this.compared++;
    assert(this.#routes.learn(recorded.routes ?? [], actual.routes ?? []), "routes");
    if (NOT_SERVED.has(recorded.topic!)) {
      assert.equal(actual.topic, recorded.topic);
      assert.equal(actual.errnum, errno.ENOSYS, `${recorded.topic} is served: take it off the list`);
      return;
    }
    const expected = lasting(recorded, RECORDED_OWNER);
    const got = lasting(actual, OWNER);
    if (this.#isMachineValue(step, recorded)) {
      assert.match(String(got["payload"]), /^\{"value":"[^"]+","flags":1\}\0$/);
      got["payload"] = expected["payload"];
    }
    assert.deepEqual(got, expected);
  }

  #isMachineValue(step: Step, recorded: Message): boolean {
    if (recorded.topic !== "attr.get") return false;
    const request = this.#requests.get(`${step.connection} ${recorded.matchtag}`);
    const [name] = /(?<="name":")[^"]+/.exec(request?.text ?? "") ?? [];
    return OF_THE_MACHINE.has(name ?? "");
  }
}

test("the recordings are there", () => {
  assert(recordings().length >= 22, `${recordings().length} recordings`);
});

for (const name of recordings()) {
  test(`recorded conversation: ${name}`, async () => {
    const steps = readRecording(name);
    await using instance = await TestInstance.start();
    instance.broker.groups.join("broker.online");
    await using replay = new Replay(instance);
    for (const step of steps) await replay.play(step);
    assert.equal(
      replay.compared,
      steps.filter((step) => step.direction === "b2c" && step.frame !== undefined).length,
    );
    const published = steps.filter(isPublication).length;
    await until(() => instance.broker.stats.lastEvent === published, `${published} events`);
  });
}
