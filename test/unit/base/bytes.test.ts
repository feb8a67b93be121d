import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as withBuffer from "../../../src/base/bytes.ts";
import { importAsBrowser } from "../../helpers/browser-import.ts";

type Bytes = typeof withBuffer;
type Base64 = typeof import("../../../src/base/base64.ts");

/** The same modules as a browser loads them, where there is no Buffer. */
async function loadWithoutBuffer(): Promise<{ bytes: Bytes; base64: Base64 }> {
  const [bytes, base64] = await importAsBrowser<[Bytes, Base64]>("base/bytes.ts", "base/base64.ts");
  return { bytes, base64 };
}

const anyText = fc.string({ unit: "binary", maxLength: 60 });
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  anyText.map((text) => new TextEncoder().encode(`\ufeff${text}`)),
  fc.constantFrom("\ufffd", "a\ufeff").map((text) => new TextEncoder().encode(text)),
);
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

function strictOracle(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

test("text and bytes, with the host's Buffer and without", async () => {
  const without = await loadWithoutBuffer();
  assert.notEqual(without.bytes.decodeUtf8, withBuffer.decodeUtf8);
  assert.equal(without.bytes.allocate(10).buffer.byteLength, 10, "this one has no pool");
  for (const size of [0, 10, 3000]) assert.equal(withBuffer.allocate(size).constructor, Uint8Array);
  for (const bytes of [withBuffer, without.bytes]) {
    fc.assert(
      fc.property(anyText, fc.nat(5), (text, before) => {
        const encoded = new TextEncoder().encode(text);
        assert.deepEqual([...bytes.encodeUtf8(text)], [...encoded]);
        assert.equal(bytes.utf8Length(text), encoded.length);
        assert.deepEqual([...bytes.encodeCString(text)], [...encoded, 0]);
        const target = new Uint8Array(before + encoded.length + 3);
        assert.equal(bytes.writeUtf8(target, before, text), encoded.length);
        assert.deepEqual([...target.subarray(before, before + encoded.length)], [...encoded]);
        assert.equal(bytes.decodeUtf8(target, before, before + encoded.length), text);
      }),
    );
    fc.assert(
      fc.property(anyBytes, fc.nat(5), (content, before) => {
        const whole = Uint8Array.from([...new Uint8Array(before).fill(0xff), ...content, 0xff]);
        const end = before + content.length;
        assert.equal(bytes.decodeUtf8(whole, before, end), lenient.decode(content));
        assert.equal(bytes.decodeUtf8Strict(whole, before, end), strictOracle(content));
        assert.equal(bytes.decodeLatin1(whole, before, end), String.fromCharCode(...content));
        assert.equal(bytes.decodeUtf8(content), lenient.decode(content));
      }),
      { numRuns: 500 },
    );
    assert.equal(bytes.utf8Length("\ud800"), 3, "a lone surrogate becomes U+FFFD");
    assert.deepEqual([...bytes.encodeCString("\ud800")], [0xef, 0xbf, 0xbd, 0]);
  }
});

test("base64 without the host's Buffer is the same", async () => {
  const { base64 } = await loadWithoutBuffer();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      assert.equal(base64.encodeBase64(bytes), text);
      assert.deepEqual([...base64.decodeBase64(text)!], [...bytes]);
    }),
  );
  assert.deepEqual([...base64.decodeBase64("YQ")!], [0x61]);
  assert.deepEqual([...base64.decodeBase64("")!], []);
  for (const text of ["A", "A===", "AA==AAAA", "AAAA\n", "AA A", "AA-A", "AA_A", "AA!A", "AAA\u0141"]) {
    assert.equal(base64.decodeBase64(text), undefined, JSON.stringify(text));
  }
});

test("copying, comparing and joining", () => {
  const from = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
  for (const [start, end] of [
    [0, 0],
    [0, 10],
    [5, 101],
    [5, 102],
    [3, 300],
    [0, 300],
  ] as const) {
    const to = new Uint8Array(310);
    withBuffer.copyBytes(to, 7, from, start, end);
    assert.deepEqual([...to.subarray(7, 7 + end - start)], [...from.subarray(start, end)]);
    assert.equal(
      to.subarray(7 + end - start).some((byte) => byte !== 0),
      false,
      "nothing behind",
    );
  }
  assert.equal(withBuffer.sameBytes(from, Uint8Array.from(from)), true);
  assert.equal(withBuffer.sameBytes(from, from.subarray(1)), false);
  assert.equal(withBuffer.sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.deepEqual(
    [...withBuffer.concatBytes([Uint8Array.of(1), withBuffer.EMPTY, Uint8Array.of(2, 3)])],
    [1, 2, 3],
  );
});

test("memory the host won't give is ENOMEM", () => {
  assert.throws(() => withBuffer.allocate(2 ** 53), { name: "FluxError", code: "ENOMEM" });
});

test("what is allocated is nobody else's, also after a size that is none", () => {
  const taken: Uint8Array[] = [];
  fc.assert(
    fc.property(fc.nat(2500), (size) => {
      const bytes = withBuffer.allocate(size).fill(taken.length);
      assert.equal(bytes.length, size);
      taken.push(bytes);
    }),
    { numRuns: 300 },
  );
  assert.throws(() => withBuffer.allocate(-200), { code: "ENOMEM" });
  taken.push(withBuffer.allocate(10).fill(taken.length));
  assert.equal(withBuffer.allocate(Number.NaN).length, 0);
  taken.push(withBuffer.allocate(10).fill(taken.length));
  for (const [mark, bytes] of taken.entries()) assert(bytes.every((byte) => byte === (mark & 0xff)));
});
