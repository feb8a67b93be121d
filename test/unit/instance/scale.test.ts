import { describe, test } from "node:test";
import { runScale } from "../../helpers/scale.ts";

const BOUND_MS = 30_000;

/** In small; `npm run scale` has 1,024 ranks. */
describe("many ranks in one process", () => {
  for (const topology of ["kary:2", "kary:16"]) {
    test(`${topology}: answers come from whom was asked, events in one order everywhere, all end well`, async () => {
      await runScale({ size: 64, topology, requests: 500, events: 200, boundMs: BOUND_MS });
    });
  }
});
