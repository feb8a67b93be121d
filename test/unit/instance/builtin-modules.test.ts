import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { ConfigStore } from "../../../src/config/index.ts";
import { BuiltinModules } from "../../../src/instance/builtin-modules.ts";
import { Instance, type InstanceOptions } from "../../../src/instance/index.ts";
import { ParentMonitor } from "../../../src/instance/parent-monitor.ts";
import { rejects } from "../../helpers/rejects.ts";
import { within } from "../../helpers/until.ts";

/** The beginning of an instance's life, and the lines of its log. */
async function launch(options: InstanceOptions): Promise<{ instance: Instance; lines: string[] }> {
  const lines: string[] = [];
  const attributes = { "log-stderr-level": "6", ...(options.attributes as Record<string, string>) };
  const instance = await Instance.launch({
    env: {},
    printLog: (line) => lines.push(line.replace(/^.* UTC \d+ /, "").replace(/ [\d.]+m?s$/, "")),
    ...options,
    attributes,
  });
  return { instance, lines };
}

const badAccess = () => new ConfigStore({ config: { access: { "allow_root-owner": 42 } } });

describe("built-in modules", () => {
  test("are loaded in order and unloaded all at once", async () => {
    const seen: string[] = [];
    let release = (): void => {};
    const modules = new BuiltinModules({
      first: async (unload) => {
        unload.defer(() => void seen.push("-first"));
        seen.push("+first");
      },
      second: async (unload) => {
        unload.defer(() => new Promise((resolve) => (release = resolve)));
        seen.push("+second");
      },
    });
    assert.deepEqual(modules.loaded, []);
    await modules.load();
    assert.deepEqual(
      [seen, modules.loaded],
      [
        ["+first", "+second"],
        ["first", "second"],
      ],
    );
    const unloading = modules.unload();
    await within(modules.unload(), "a second call waits for none");
    assert.deepEqual([seen.at(-1), modules.loaded], ["-first", ["second"]]);
    release();
    await within(unloading, "the second is unloaded");
    assert.deepEqual(modules.loaded, []);
  });

  test("that come after one that fails are not loaded, and what it opened is closed", async () => {
    const seen: string[] = [];
    const modules = new BuiltinModules({
      first: async (unload) => unload.defer(() => void seen.push("-first")),
      second: async (unload) => {
        unload.defer(() => void seen.push("-second"));
        throw new Error("no");
      },
      third: async () => void seen.push("+third"),
    });
    await assert.rejects(modules.load(), { message: "no" });
    assert.equal(modules.loaded.at(-1), "second");
    await modules.unload();
    assert.deepEqual(seen.sort(), ["-first", "-second"]);
  });

  test("end the broker with an error when one can't be loaded", async () => {
    const { instance, lines } = await launch({ config: badAccess() });
    await rejects(instance.loaded, "EINVAL");
    assert.equal(await within(instance.exit, "it ends"), 1);
    assert.match(
      lines.join("\n"),
      /^broker\.err\[0\]: error loading builtins: connector-local: error parsing \[access\] configuration: .*$/m,
    );
    const moves = lines.filter((line) => line.includes("->"));
    assert.deepEqual(moves, [
      "broker.info[0]: builtins-fail: load-builtins->unload-builtins",
      "broker.info[0]: builtins-done: unload-builtins->exit",
    ]);
    assert.equal(instance.state, "exit");
    assert.deepEqual([instance.overdue, existsSync(instance.rundir.path)], [[], false]);
  });

  test("that can't be loaded give the status that forbids a restart", async () => {
    const attributes = { "broker.exit-norestart": "42" };
    const { instance } = await launch({ config: badAccess(), attributes });
    assert.equal(await within(instance.exit, "it ends"), 42);
  });

  test("that hang are named, and don't keep the broker", async () => {
    const attributes = { "broker.unload-builtins-timeout": "100ms" };
    const { instance, lines } = await launch({ attributes });
    await instance.loaded;
    {
      await using flux = instance.broker.connect();
      assert.deepEqual(await flux.rpc("overlay.debug", { op: "setbit", flags: 1 }), { flags: 1 });
    }
    assert.deepEqual(instance.overdue, []);
    instance.kill("SIGTERM");
    assert.equal(await within(instance.exit, "it ends"), 1);
    assert.deepEqual(lines.slice(-3), [
      "broker.err[0]: unloading built-in broker module timed out after 0.1s: overlay",
      "broker.info[0]: builtins-unload-fail: unload-builtins->exit",
      "broker.err[0]: broker module 'overlay' was not properly shut down",
    ]);
    assert.deepEqual(instance.overdue, ["overlay"]);
  });

  test("have a minute to unload", async () => {
    const { instance } = await launch({});
    assert.equal(instance.broker.attributes.get("broker.unload-builtins-timeout"), "1m");
    await instance.stop();
  });
});

test("a parent that can't be asked is logged, but not by a broker that ends", async () => {
  const { instance } = await launch({});
  const flux = instance.broker.connect();
  await flux.close();
  const seen: string[] = [];
  const monitor = (): ParentMonitor =>
    new ParentMonitor(
      () => seen.push("changed"),
      (level) => seen.push(level),
    );
  await monitor().follow(flux);
  assert.deepEqual(seen, ["err", "changed"]);
  const left = monitor();
  left.leave();
  await left.follow(flux);
  assert.deepEqual([seen.length, left.failed], [2, false]);
  await instance.stop();
});
