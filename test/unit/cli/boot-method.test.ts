import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultBootMethod } from "../../../src/cli/boot-method.ts";

test("a broker learns its place from its configuration, then from PMI, else it is alone", () => {
  const pmi = { PMI_FD: "3", PMI_RANK: "0", PMI_SIZE: "2" };
  const hosts = { bootstrap: { hosts: [{ host: "a" }] } };
  assert.equal(defaultBootMethod({}, {}), "single");
  assert.equal(defaultBootMethod({}, pmi), "simple");
  assert.equal(defaultBootMethod(hosts, pmi), "config");
  assert.equal(defaultBootMethod({ bootstrap: { hosts: [] } }, pmi), "simple");
  assert.equal(defaultBootMethod({ bootstrap: {} }, {}), "single");
  assert.equal(defaultBootMethod({ bootstrap: 7 }, {}), "single");
  const { PMI_SIZE: _, ...incomplete } = pmi;
  assert.equal(defaultBootMethod({}, incomplete), "single");
});
