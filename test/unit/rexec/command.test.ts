import assert from "node:assert/strict";
import { test } from "node:test";
import { type errno, FluxError, parseSize } from "../../../src/base/index.ts";
import { parseJson, stringifyJson } from "../../../src/json/index.ts";
import {
  bufferBytes,
  decodeCommand,
  encodeCommand,
  isLineBuffered,
  listedName,
  programName,
} from "../../../src/rexec/command.ts";

const LEAST = { cmdline: ["true"], env: {}, opts: {}, channels: [] };
const WHOLE = {
  cwd: "/tmp",
  label: "foo",
  cmdline: ["cat", "-n"],
  env: { PATH: "/bin", EMPTY: "" },
  opts: { stdin_BUFSIZE: "4k" },
  channels: ["CHANNEL"],
  msgchan: [{ name: "URI", uri: "local:///x" }],
};

function failure(code: keyof typeof errno): (error: unknown) => boolean {
  return (error) => error instanceof FluxError && error.code === code;
}

test("a command object comes back as it was", () => {
  const text = stringifyJson(encodeCommand(decodeCommand(WHOLE)));
  assert.deepEqual(parseJson(text), WHOLE);
  assert.equal(text, stringifyJson(WHOLE));
});

test("label, directory and message channels may be missing", () => {
  const command = decodeCommand(LEAST);
  assert.deepEqual([command.label, command.cwd, command.msgchan], [undefined, undefined, []]);
  assert.deepEqual(parseJson(stringifyJson(encodeCommand(command))), { ...LEAST, msgchan: [] });
});

test("what is no command object", () => {
  const bad: [object, keyof typeof errno][] = [
    [{}, "EPROTO"],
    [{ ...LEAST, cmdline: undefined }, "EPROTO"],
    [{ ...LEAST, cwd: 1 }, "EPROTO"],
    [{ ...LEAST, label: null }, "EPROTO"],
    [{ ...LEAST, cmdline: [1] }, "EINVAL"],
    [{ ...LEAST, cmdline: "true" }, "EINVAL"],
    [{ ...LEAST, env: { A: 1 } }, "EINVAL"],
    [{ ...LEAST, env: ["A=1"] }, "EINVAL"],
    [{ ...LEAST, opts: { A: 1 } }, "EPROTO"],
    [{ ...LEAST, channels: [1] }, "EPROTO"],
    [{ ...LEAST, msgchan: {} }, "EINVAL"],
    [{ ...LEAST, msgchan: [{ name: "A" }] }, "EINVAL"],
  ];
  for (const [value, code] of bad) {
    const json = parseJson(JSON.stringify(value));
    assert.throws(() => decodeCommand(json), failure(code), JSON.stringify(value));
  }
});

test("a variable may be called __proto__", () => {
  const env = parseJson('{"__proto__":"x"}') as Record<string, string>;
  const command = decodeCommand({ ...LEAST, env });
  assert.deepEqual(Object.entries(command.env), [["__proto__", "x"]]);
});

test("options of channels", () => {
  const command = decodeCommand({
    ...LEAST,
    opts: {
      stdin_BUFSIZE: "64k",
      A_BUFSIZE: "0",
      B_BUFSIZE: "4G",
      C_BUFSIZE: "x",
      stdout_LINE_BUFFER: "False",
      D_LINE_BUFFER: "1",
    },
  });
  assert.equal(bufferBytes(command, "stdin"), 65536);
  assert.equal(bufferBytes(command, "stdout"), 4 * 1024 * 1024);
  assert.throws(() => bufferBytes(command, "A"), failure("EINVAL"));
  assert.throws(() => bufferBytes(command, "B"), failure("EOVERFLOW"));
  assert.throws(() => bufferBytes(command, "C"), failure("EINVAL"));
  assert.equal(isLineBuffered(command, "stdout"), false);
  assert.equal(isLineBuffered(command, "stderr"), true);
  assert.throws(() => isLineBuffered(command, "D"), failure("EINVAL"));
});

test("names for lists and logs", () => {
  const of = (...cmdline: string[]) => decodeCommand({ ...LEAST, cmdline });
  assert.equal(listedName(of("/bin/sleep", "1")), "/bin/sleep");
  assert.equal(listedName(of("flux", "module-exec", "x")), "flux module-exec");
  assert.equal(listedName(of("flux")), "flux");
  assert.equal(listedName(of("flux", "y".repeat(99))).length, 63);
  assert.equal(programName(of("/usr/bin/sleep")), "sleep");
});

test("sizes as flux-core reads them", () => {
  const sizes: Record<string, number> = {
    4096: 4096,
    "0x10": 16,
    "1k": 1024,
    "1.5K": 1536,
    "2M": 2 ** 21,
    "1e3": 1000,
    ".5k": 512,
    "1E": 2 ** 60,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSize(text), bytes, text);
  for (const text of ["", "-1", "k", "1kk", "1 k", "inf", "1m", "0x"])
    assert.throws(() => parseSize(text), failure("EINVAL"), text);
  assert.throws(() => parseSize("16E"), failure("EOVERFLOW"));
});
