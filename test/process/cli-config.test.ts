import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openConfig } from "../../src/config/index.ts";
import { Instance } from "../../src/instance/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { fluxbus, type RunOptions } from "./cli-process.ts";

describe("fluxbus config", () => {
  let files: TemporaryFolder;
  let instance: Instance;
  before(async () => {
    files = await TemporaryFolder.make({
      "conf/foo.toml": '[foo]\na = 42\nb = "meep"\nc = "50s"\nd = 3.0\nf = [ "x", "y" ]\n',
      "other.toml": "flag = 99",
      "bad.toml": "x x x",
    });
    const config = await openConfig({ path: files.of("conf") });
    instance = await Instance.start({ config, env: {}, printLog() {} });
  });
  after(async () => {
    await instance.stop();
    await files[Symbol.asyncDispose]();
  });

  const run = (words: readonly string[], options: RunOptions = {}) =>
    fluxbus(["config", ...words], { uri: instance.uri, ...options });
  const ok = async (words: readonly string[], options: RunOptions = {}): Promise<string> => {
    const { stdout, stderr, status } = await run(words, options);
    assert.deepEqual({ stderr, status }, { stderr: "", status: 0 }, words.join(" "));
    return stdout;
  };
  const fails = async (words: readonly string[], status: number, text: string, options: RunOptions = {}) => {
    const outcome = await run(words, options);
    assert.deepEqual([outcome.status, outcome.stdout], [status, ""], words.join(" "));
    assert.equal(outcome.stderr, text === "" ? "" : `fluxbus config ${text}\n`);
  };

  test("get prints all, a table, or a value of the type asked for", async () => {
    const all = '{"foo":{"a":42,"b":"meep","c":"50s","d":3.0,"f":["x","y"]}}\n';
    assert.equal(await ok(["get"]), all);
    assert.equal(await ok(["get", "foo.b"]), "meep\n");
    assert.equal(await ok(["get", "--json", "foo.b"]), '"meep"\n');
    assert.equal(await ok(["get", "--type=fsd-real", "foo.c"]), "50.0\n");
    assert.equal(await ok(["get", "-d", "7", "foo.x"]), "7\n");
    assert.equal(await ok(["get", "-c", files.of("other.toml"), "flag"]), "99\n");
    await fails(["get", "-t", "string", "foo.a"], 1, "get: foo.a does not have the requested type");
    await fails(["get", "foo.x"], 1, "get: foo.x is not set");
    await fails(["get", "-q", "foo.x"], 1, "");
    await fails(["get", "foo..x"], 2, "get: foo..x is no name of a value");
    const none = files.of("none");
    await fails(["get", "-c", none], 1, `get: stat: ${none}: No such file or directory`);
  });

  test("set, unset, load and reload", async () => {
    await ok(["set", "foo.a", "43"]);
    assert.equal(await ok(["get", "foo.a"]), "43\n");
    await fails(["set", "bar", "1"], 2, "set: bar is not set: give its --type");
    await fails(["set", "foo.a", "x"], 2, 'set: "x" is no value of type integer');
    await fails(["set", "-t", "fsd-real", "bar", "1"], 2, "set: fsd-real is no type of a value");
    await ok(["set", "--type=real", "new.bar", "3"]);
    assert.equal(await ok(["get", "new"]), '{"bar":3.0}\n');
    await ok(["unset", "new.bar"]);
    assert.equal(await ok(["get", "new"]), "{}\n");
    await ok(["load"], { input: "test.y.z=42\n" });
    assert.equal(await ok(["get"]), '{"test":{"y":{"z":42}}}\n');
    await ok(["load"], { input: ' {"a":1.0}' });
    assert.equal(await ok(["get"]), '{"a":1.0}\n');
    await ok(["load"], { input: "" });
    assert.equal(await ok(["get"]), "{}\n");
    await ok(["load", files.of("other.toml")]);
    assert.equal(await ok(["get"]), '{"flag":99}\n');
    const bad = files.of("bad.toml");
    await fails(["load", bad], 1, `load: ${bad}:1: illegal character in key`);
    await fails(["load"], 1, "load: standard input:2: illegal character in key", { input: "a=1\nb\n" });
    await ok(["reload"]);
    assert.equal(await ok(["get", "foo.a"]), "42\n");
    await files.write("conf/zaccess.toml", "access.foo = 1");
    const refused = "error updating connector-local: error parsing [access] configuration: ";
    await fails(["reload"], 1, `reload: config.reload: ${refused}1 object item(s) left unpacked: foo`);
    assert.equal(await ok(["get", "foo.a"]), "42\n");
  });

  test("builtin asks the broker", async () => {
    assert.match(await ok(["builtin", "confdir"]), /^\/.*\/flux\n$/);
    await fails(["builtin", "nope"], 1, "builtin: broker.conf-builtin: nope: invalid key");
  });

  test("the path is the attribute config.path", async () => {
    const flux = instance.broker.connect();
    assert.equal(await flux.attributes.get("config.path"), files.of("conf"));
    await flux.close();
  });
});
