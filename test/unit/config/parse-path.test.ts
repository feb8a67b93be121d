import assert from "node:assert/strict";
import { chmod, mkdir, rm } from "node:fs/promises";
import { test } from "node:test";
import { parseConfigPath } from "../../../src/config/index.ts";
import { stringifyJson } from "../../../src/json/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("a file: JSON by its name, TOML by any other", async () => {
  await using files = await TemporaryFolder.make({
    "a.toml": "a=1.0",
    noext: "[t]\nb=2\n",
    "c.json": '{"c":1.0,"big":9223372036854775807}',
    "null.toml": "",
    "bom.toml": "\ufeffa=1",
  });
  const read = async (name: string) => stringifyJson(await parseConfigPath(files.of(name)));
  assert.equal(await read("a.toml"), '{"a":1.0}');
  assert.equal(await read("noext"), '{"t":{"b":2}}');
  assert.equal(await read("c.json"), '{"c":1.0,"big":9223372036854775807}');
  assert.equal(await read("null.toml"), "{}");
  assert.equal(await read("bom.toml"), '{"a":1}');
});

test("a directory: its .toml files merged, in the order of their names as bytes", async () => {
  await using files = await TemporaryFolder.make({
    "01.toml": "a.b=1\na.c=2\nk=[1,2]\n",
    "02.toml": "a.b=9\nk=[3]\nz=1\n",
    "B.toml": "zz=1",
    "a.toml": "zz=2",
    ".hidden.toml": "hidden=1",
    ".toml": "hidden=2",
    "other.json": '{"json":1}',
    "toml.bak": "not toml",
  });
  const expected = { a: { b: 9, c: 2 }, k: [3], z: 1, zz: 2 };
  assert.deepEqual(await parseConfigPath(files.path), expected);
  assert.deepEqual(await parseConfigPath(`${files.path}/`), expected);
  await using empty = await TemporaryFolder.make();
  assert.deepEqual(await parseConfigPath(empty.path), {});
});

test("errors name the file, and the line", async () => {
  await using files = await TemporaryFolder.make({
    "dir/good.toml": "a=1",
    "dir/worse.toml": "a=1\nb\n",
    "inf.toml": "a=inf",
    "latin.toml": Uint8Array.of(0x61, 0x3d, 0x31, 0x0a, 0x62, 0x3d, 0x22, 0xff, 0x22, 0x0a),
    "latin-end.toml": Uint8Array.of(0x61, 0x3d, 0x31, 0x0a, 0xff),
    "list.json": "[]",
    "two.json": '{"a":1,\n"b":}',
    "empty.json": "",
    "late.json": '{"a":1}\n\n x\n',
    "nul.json": '{"a":["x\\u0000"]}',
  });
  const fails = async (name: string, text: string | RegExp): Promise<void> => {
    const error = await rejects(parseConfigPath(files.of(name)), "EINVAL");
    const message = error.message.replace(`${files.path}/`, "");
    if (typeof text === "string") assert.equal(message, text);
    else assert.match(message, text);
  };
  await fails("dir", /^dir\/worse\.toml:2: [^\n]+$/);
  await fails("inf.toml", "inf.toml: a is Infinity, which JSON has not");
  await fails("latin.toml", "latin.toml:2: text is not UTF-8");
  await fails("latin-end.toml", "latin-end.toml:2: text is not UTF-8");
  await fails("list.json", "list.json: JSON must be an object");
  await fails("two.json", "two.json:2: unexpected token near '}'");
  await fails("empty.json", "empty.json:1: '[' or '{' expected near end of file");
  await fails("late.json", "late.json:3: end of file expected near 'x'");
  await fails("nul.json", "nul.json: \\u0000 is not allowed");
});

test("what can't be read is the system's error, with its path", async () => {
  await using files = await TemporaryFolder.make();
  const none = files.of("none.toml");
  await rejects(parseConfigPath(none), "ENOENT", `stat: ${none}: No such file or directory`);
  await mkdir(files.of("x.toml"));
  await rejects(parseConfigPath(files.path), "EISDIR", `${files.path}/x.toml: Is a directory`);
  // The rights of files don't bind root.
  if (process.getuid?.() === 0) return;
  await rm(files.of("x.toml"), { recursive: true });
  await files.write("y.toml", "");
  await chmod(files.of("y.toml"), 0);
  await rejects(parseConfigPath(files.path), "EACCES", `${files.path}/y.toml: Permission denied`);
  await chmod(files.path, 0o200);
  await rejects(parseConfigPath(files.path), "EACCES", `${files.path}: Permission denied`);
  await chmod(files.path, 0o700);
});
