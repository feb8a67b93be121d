import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeUtf8, FluxError } from "../../../src/base/index.ts";
import { parseJson, stringifyJson } from "../../../src/json/index.ts";
import { decodeIo, encodeIo } from "../../../src/rexec/io.ts";
import { RETAINED_BYTES, RetainedOutput } from "../../../src/rexec/retained-output.ts";

test("text goes as it is, other bytes in base64", () => {
  const from = { stream: "stdout", rank: "3" };
  assert.deepEqual(encodeIo({ ...from, data: encodeUtf8("h\u00e9\0\n"), eof: false }), {
    ...from,
    data: "h\u00e9\0\n",
  });
  assert.deepEqual(encodeIo({ ...from, data: Uint8Array.of(0xff, 0xc3), eof: true }), {
    ...from,
    encoding: "base64",
    data: "/8M=",
    eof: true,
  });
  assert.deepEqual(encodeIo({ ...from, eof: true }), { ...from, eof: true });
});

test("a byte order mark is data", () => {
  const data = encodeUtf8("\ufeffx");
  const io = encodeIo({ stream: "stdout", rank: "0", data, eof: false });
  assert.deepEqual(decodeIo(io).data, data);
});

test("any bytes come back through JSON", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.boolean(), (data, eof) => {
      const io = stringifyJson(encodeIo({ stream: "s", rank: "0-3", data, eof }));
      const back = decodeIo(parseJson(io));
      assert.deepEqual(
        { ...back, data: Uint8Array.from(back.data!) },
        { stream: "s", rank: "0-3", data, eof },
      );
    }),
  );
});

test("empty data is none", () => {
  assert.deepEqual(decodeIo({ stream: "s", rank: "0", data: "" }), { stream: "s", rank: "0", eof: false });
});

test("what is no data of a stream", () => {
  for (const io of [
    {},
    { stream: "s", rank: "0" },
    { stream: "s", rank: 0, data: "x" },
    { stream: "s", rank: "0", data: 1 },
    { stream: "s", rank: "0", eof: 1 },
    { stream: "s", rank: "0", encoding: "base64", data: "?" },
  ])
    assert.throws(
      () => decodeIo(io),
      (error) => FluxError.is(error, "EPROTO"),
      JSON.stringify(io),
    );
});

test("the latest output is kept, up to its limit", () => {
  const retained = new RetainedOutput();
  for (let i = 0; i < 20; i++) retained.add("stdout", "0", new Uint8Array(1000).fill(0x41 + i));
  const kept = retained.objects.map(({ data }) => String(data)[0]);
  assert.equal(kept.length, Math.floor(RETAINED_BYTES / 1000));
  assert.equal(kept.join(""), "MNOPQRST");
});

test("one piece over the limit is kept whole", () => {
  const retained = new RetainedOutput();
  retained.add("stdout", "0", new Uint8Array(10).fill(0x61));
  retained.add("stderr", "0", new Uint8Array(3 * RETAINED_BYTES).fill(0x62));
  assert.deepEqual(
    retained.objects.map(({ stream, data }) => [stream, String(data).length]),
    [["stderr", 3 * RETAINED_BYTES]],
  );
});
