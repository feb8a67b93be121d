import assert from "node:assert/strict";
import { test } from "node:test";
import { openConfig, updateConfig } from "../../../src/config/index.ts";
import { stringifyJson } from "../../../src/json/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

const BASE = { tbon: { topo: "kary:2", fanout: 2 } };

async function updated(value: string): Promise<string> {
  return stringifyJson(await updateConfig(BASE, value));
}

test("--conf: a key and its value, JSON if it is any", async () => {
  const table = [
    ["tbon.topo=kary:16", '{"tbon":{"topo":"kary:16","fanout":2}}'],
    ["tbon.zmqdebug=1", '{"tbon":{"topo":"kary:2","fanout":2,"zmqdebug":1}}'],
    ["tbon=1.0", '{"tbon":1.0}'],
    ['a="quoted"', '{"tbon":{"topo":"kary:2","fanout":2},"a":"quoted"}'],
    ["a=b=c", '{"tbon":{"topo":"kary:2","fanout":2},"a":"b=c"}'],
    ["a=", '{"tbon":{"topo":"kary:2","fanout":2},"a":""}'],
    ["tbon=true", '{"tbon":true}'],
    ['tbon={"k":[1]}', '{"tbon":{"k":[1]}}'],
    ["tbon=9007199254740993", '{"tbon":9007199254740993}'],
    ["tbon=12345678901234567890", '{"tbon":"12345678901234567890"}'],
  ] as const;
  for (const [value, expected] of table) assert.equal(await updated(value), expected, value);
  await rejects(updateConfig(BASE, "=x"), "EINVAL", "value must have a key in KEY=VAL");
  await rejects(updateConfig(BASE, "a..b=x"), "EINVAL", "setting a..b: Invalid argument");
  await rejects(updateConfig(BASE, "tbon.topo.x=1"), "EINVAL", "setting tbon.topo.x: tbon.topo is no table");
});

test("--conf: text of several lines is TOML, with a brace it is JSON", async () => {
  assert.equal(await updated("[tbon]\nfanout = 3\n"), '{"tbon":{"topo":"kary:2","fanout":3}}');
  assert.equal(await updated('{"tbon":{"fanout":4.0}}'), '{"tbon":{"topo":"kary:2","fanout":4.0}}');
  assert.equal(await updated('\n  {"tbon":\n{"fanout":4}}'), '{"tbon":{"topo":"kary:2","fanout":4}}');
  const toml = await rejects(updateConfig(BASE, "[tbon]\nfanout\n"), "EINVAL");
  assert.match(toml.message, /^line 2: /);
  await rejects(updateConfig(BASE, "a=nan\n"), "EINVAL", "a is NaN, which JSON has not");
  await rejects(updateConfig(BASE, '{"a":}'), "EINVAL", "inline JSON: unexpected token near '}'");
});

test("--conf: anything else names a file", async () => {
  await using files = await TemporaryFolder.make({
    "a.toml": "tbon.fanout=9",
    "b.json": '{"tbon":{"fanout":8}}',
  });
  assert.equal(await updated(files.of("a.toml")), '{"tbon":{"topo":"kary:2","fanout":9}}');
  assert.equal(await updated(files.of("b.json")), '{"tbon":{"topo":"kary:2","fanout":8}}');
  await rejects(updateConfig(BASE, "notafile"), "ENOENT", "notafile: No such file or directory");
  await rejects(updateConfig(BASE, files.path), "EISDIR", `${files.path}: Is a directory`);
});

test("a broker's configuration: the path, then each --conf over it, until a reload", async () => {
  await using files = await TemporaryFolder.make({ "a.toml": "a=1\nb=1\n" });
  const store = await openConfig({ path: files.path, updates: ["b=2", "c=3", "c=4"] });
  assert.deepEqual(store.current, { a: 1, b: 2, c: 4 });
  assert.equal(store.path, files.path);
  assert.equal(await store.reload(), true);
  assert.deepEqual(store.current, { a: 1, b: 1 });
  assert.equal(await store.reload(), false);
  const alone = await openConfig({ updates: ["a=1"] });
  assert.equal(await alone.reload(), false);
  assert.deepEqual(alone.current, { a: 1 });
  assert.deepEqual((await openConfig({})).current, {});
  const none = files.of("none");
  const missing = `Config file error: stat: ${none}: No such file or directory`;
  await rejects(openConfig({ path: none }), "ENOENT", missing);
  await rejects(openConfig({ updates: ["x"] }), "ENOENT", "--conf: x: No such file or directory");
});
