import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Scope } from "../../../src/base/index.ts";

describe("scope", () => {
  test("closes the latest first, each part once, whatever fails", async () => {
    const closed: string[] = [];
    const scope = new Scope();
    scope.defer(() => void closed.push("first"));
    scope.defer(() => {
      closed.push("second");
      throw new Error("second failed");
    });
    scope.defer(async () => {
      closed.push("third");
      throw new Error("third failed");
    });
    await assert.rejects(scope.close(), { message: "third failed" });
    await scope.close();
    assert.deepEqual(closed, ["third", "second", "first"]);
  });

  test("is closed at the end of a block", async () => {
    let closed = false;
    {
      await using scope = new Scope();
      scope.defer(() => {
        closed = true;
      });
    }
    assert.equal(closed, true);
  });
});
