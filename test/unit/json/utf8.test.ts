import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as node from "../../../src/json/utf8.ts";
import { importAsBrowser } from "../../helpers/browser-import.ts";
import { assertThrows } from "./throws.ts";

test("a browser reads and writes the same", async () => {
  const [browser] = await importAsBrowser<[typeof node]>("json/utf8.ts");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.deepEqual([...browser.encodeUtf8(text)], [...node.encodeUtf8(text)]);
      assert.equal(browser.utf8Length(text), node.utf8Length(text));
      assert.equal(browser.decodeUtf8(node.encodeUtf8(text)), text);
      assert.equal(browser.isWellFormed(text), true);
    }),
  );
  for (const text of ["\ud800", "a\udc00", "\udc00\ud800"]) {
    assert.equal(browser.isWellFormed(text), false);
    assert.equal(node.isWellFormed(text), false);
  }
  for (const module of [browser, node]) {
    assertThrows(() => module.decodeUtf8(Uint8Array.of(0x61, 0xff)), "EPROTO", "unable to decode byte 0xff");
    assert.equal(module.decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
  }
});

test("bytes are UTF-8 exactly where a strict TextDecoder thinks so", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x9f, 0xa0, 0xbf),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 6 }), (list) => {
      const bytes = Uint8Array.from(list);
      let text: string | undefined;
      try {
        text = strict.decode(bytes);
      } catch {}
      assert.equal(node.invalidUtf8At(bytes) === -1, text !== undefined);
      if (text === undefined) assertThrows(() => node.decodeUtf8(bytes), "EPROTO");
      else assert.equal(node.decodeUtf8(bytes), text);
    }),
    { numRuns: 1000 },
  );
});
