import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { connect } from "../../../src/connect/index.ts";
import { commandLine, Instance } from "../../../src/instance/index.ts";

describe("instance", () => {
  test("serves under its run directory, and takes it along", async () => {
    const instance = await Instance.start({ env: {}, attributes: { "log-ring-size": "5", "test.x": "1" } });
    {
      await using flux = await connect(instance.uri, { env: {} });
      const { attributes } = flux;
      assert.equal(instance.uri, `local://${instance.rundir.path}/local-0`);
      assert.equal(await attributes.get("rundir"), instance.rundir.path);
      assert.equal(await attributes.get("rundir-cleanup"), "1");
      assert.equal(await attributes.get("instance-level"), "0");
      assert.equal(await attributes.get("log-ring-size"), "5");
      assert.equal(await attributes.get("test.x"), "1");
      await assert.rejects(attributes.get("parent-uri"), { code: "ENOENT" });
    }
    await instance.stop();
    assert.equal(existsSync(instance.rundir.path), false);
  });

  test("knows the instance around it, and does not mind one that is gone", async () => {
    await using outer = await Instance.start({ env: {} });
    await using inner = await Instance.start({ env: { FLUX_URI: outer.uri } });
    await using innermost = await Instance.start({ env: { FLUX_URI: inner.uri } });
    await using flux = await connect(innermost.uri, { env: {} });
    assert.equal(await flux.attributes.get("instance-level"), "2");
    assert.equal(await flux.attributes.get("parent-uri"), inner.uri);
    const lines: string[] = [];
    await using orphan = await Instance.start({
      env: { FLUX_URI: "local:///nonexistent/socket" },
      attributes: { "log-stderr-level": "6" },
      printLog: (line) => lines.push(line),
    });
    assert.match(
      lines.join("\n"),
      /broker\.info\[0\]: no parent instance at FLUX_URI=local:\/\/\/nonexistent\/socket: /,
    );
    await using alone = await connect(orphan.uri, { env: {} });
    assert.equal(await alone.attributes.get("instance-level"), "0");
  });

  test("leaves no directory behind when it can't start", async () => {
    await assert.rejects(Instance.start({ env: {}, socketPath: `/${"a".repeat(120)}` }), { code: "EINVAL" });
  });

  test("attributes mean what they mean for flux-broker", async () => {
    for (const [name, value] of Object.entries({
      rank: "0",
      "parent-uri": "x",
      "local-uri": "local://relative",
      "log-ring-size": "many",
      "log-level": "8",
      "log-stderr-level": "",
    })) {
      await assert.rejects(Instance.start({ env: {}, attributes: { [name]: value } }), {
        code: "EINVAL",
        message: new RegExp(`^${name}`),
      });
    }
  });

  test("words of a command line become a program, or a line for the shell", () => {
    const env = { SHELL: "/bin/any" };
    assert.deepEqual(commandLine([], env), { file: "/bin/any", args: [] });
    assert.deepEqual(commandLine([], {}), { file: "/bin/bash", args: [] });
    assert.deepEqual(commandLine(["a; b"], env), { file: "/bin/any", args: ["-c", "a; b"] });
    assert.deepEqual(commandLine([process.execPath], env), { file: process.execPath, args: [] });
    assert.deepEqual(commandLine(["a", "-b"], env), { file: "a", args: ["-b"] });
  });
});
