import assert from "node:assert/strict";
import { test } from "node:test";
import { curveKeyPair } from "zeromq";
import { readCurveCert, writeCurveCert } from "../../../src/config/index.ts";
import { generateCurveKeys, isCurveKey } from "../../../src/overlay/curve-keys.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

test("new keys are pairs, and no two alike; those of libzmq are pairs to the reader of certificates too", async () => {
  await using files = await TemporaryFolder.make();
  const pairs = [...Array.from({ length: 20 }, generateCurveKeys), curveKeyPair()];
  for (const { publicKey, secretKey } of pairs) {
    assert(isCurveKey(publicKey) && isCurveKey(secretKey));
    await writeCurveCert(files.of("cert"), { publicKey, secretKey, metadata: new Map() });
    assert.equal((await readCurveCert(files.of("cert"))).secretKey, secretKey);
  }
  assert.equal(new Set(pairs.flatMap((pair) => [pair.publicKey, pair.secretKey])).size, 42);
});

test("what is no key", () => {
  const { publicKey } = generateCurveKeys();
  for (const text of [
    "",
    publicKey.slice(1),
    publicKey.slice(5),
    `${publicKey}00000`,
    `${publicKey.slice(1)} `,
  ])
    assert.equal(isCurveKey(text), false, text);
});
