import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConfigStore } from "../../../src/config/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { Instance, type InstanceOptions } from "../../../src/instance/index.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";

describe("the event log of an instance", () => {
  const start = (attributes: Record<string, string>, more: InstanceOptions = {}): Promise<Instance> =>
    Instance.start({ env: {}, attributes, printLog: () => {}, ...more });

  /** What event.replay gives from the beginning, as `EPOCH:SEQ TOPIC` each. */
  const replay = async (instance: Instance): Promise<string[]> => {
    await using flux = await connect(instance.uri, { env: {} });
    const seen: string[] = [];
    for await (const { epoch, events } of flux.stream<Part>("event.replay"))
      for (const { seq, topic } of events) seen.push(`${epoch}:${seq} ${topic}`);
    return seen;
  };
  interface Part {
    readonly epoch: number;
    readonly events: readonly { readonly seq: number; readonly topic: string }[];
  }

  const publish = async (instance: Instance, ...topics: string[]): Promise<void> => {
    await using flux = await connect(instance.uri, { env: {} });
    for (const topic of topics) await flux.publish(topic);
  };

  const stat = async (instance: Instance): Promise<Record<string, unknown>> => {
    await using flux = await connect(instance.uri, { env: {} });
    return { ...(await flux.rpc("event.stat")) };
  };

  test("with a path outlives the instance, by attribute or by the table", async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.of("events");
    const first = await start({ "event-log.path": path });
    await publish(first, "a.1", "a.2");
    const before = await replay(first);
    await first.stop();
    const config = new ConfigStore({ config: { "event-log": { path, sync: true } } });
    await using second = await start({}, { config });
    await publish(second, "b.1");
    const after = await replay(second);
    const [epoch] = before[0]!.split(":");
    const [next] = after.at(-1)!.split(":");
    assert.deepEqual(after, [`${epoch}:1 a.1`, `${epoch}:2 a.2`, `${next}:1 b.1`]);
    assert(Number(next) > Number(epoch));
    assert.equal((await stat(second))["sync"], true);
    const taken = await start({ "event-log.path": path }).catch((error: unknown) => error);
    assert.match(String(taken), /event-log\.path: .* is in use by process \d+/);
  });

  test("says in the broker's log what it had to cut off", async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.of("events");
    const first = await start({ "event-log.path": path });
    await publish(first, "a.1");
    await first.stop();
    const { readdir, appendFile } = await import("node:fs/promises");
    const [segment] = (await readdir(path)).filter((name) => name.endsWith(".events"));
    await appendFile(folder.of(`events/${segment}`), "torn");
    await using second = await start({ "event-log.path": path });
    await using flux = await connect(second.uri, { env: {} });
    const lines: string[] = [];
    for await (const response of flux.callStream("log.dmesg", { follow: false }))
      lines.push(response.text ?? "");
    assert.match(lines.join("\n"), /event-log: \d+ bytes of \S+ are lost: /);
  });

  test("is off without events in the ring", async () => {
    await using instance = await start({ "event-log.ring-events": "0" });
    await using flux = await connect(instance.uri, { env: {} });
    await assert.rejects(flux.rpc("event.stat"), { code: "ENOSYS" });
    assert.equal((await flux.publish("a")).seq, 1);
  });

  test("keeps to its limits, to those of age without an event that comes", async () => {
    await using instance = await start({ "event-log.ring-events": "2", "event-log.ring-age": "100ms" });
    await publish(instance, "a.1", "a.2", "a.3");
    assert.equal((await ringOf(instance, "dropped")) >= 1, true);
    await until(async () => (await ringOf(instance, "events")) === 0, "no event is left");
  });

  const ringOf = async (instance: Instance, key: string): Promise<number> =>
    Number(((await stat(instance))["ring"] as Record<string, unknown>)[key]);

  test("refuses wrong settings, at start and in an update", async () => {
    await assert.rejects(start({ "event-log.ring-bytes": "lots" }), {
      code: "EINVAL",
      message: /^event-log\.ring-bytes: 'lots' is not a whole number/,
    });
    await assert.rejects(start({ "event-log.path": "/dev/null/events" }), {
      code: "ENOTDIR",
      message: /^event-log\.path: /,
    });
    await using instance = await start({});
    await using flux = await connect(instance.uri, { env: {} });
    await assert.rejects(flux.rpc("config.load", { "event-log": { ring: 1 } }), {
      code: "EINVAL",
      message: /error updating event-log: Config file error \[event-log\]: unknown key 'ring'/,
    });
    await assert.rejects(flux.attributes.get("event-log.path"), { code: "ENOENT" });
  });
});
