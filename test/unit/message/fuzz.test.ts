import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame } from "../../../src/message/index.ts";
import { fuzzCorpus, fuzzFrames, mutate, seededRandom } from "../../helpers/message-fuzz.ts";

const FRAMES = 20_000;

test("mutated frames are refused with a FluxError, or decode as the twin says and come back the same", () => {
  const totals = fuzzFrames(FRAMES, seededRandom(20_240_131));
  assert.equal(totals.frames, FRAMES);
  assert.ok(totals.messages > FRAMES / 10, `${totals.messages} messages decoded`);
  assert.ok(totals.incomplete > 0);
  for (const code of ["EINVAL", "EPROTO", "EMSGSIZE"]) assert.ok((totals.refused.get(code) ?? 0) > 0, code);
});

test("the frames to start from are valid and the same seed gives the same mutations", () => {
  const [one, other] = [seededRandom(7), seededRandom(7)];
  for (const frame of fuzzCorpus()) {
    assert.ok(frame.equals(decodeFrame(frame).encode()));
    assert.ok(mutate(frame, one).equals(mutate(frame, other)));
  }
});
