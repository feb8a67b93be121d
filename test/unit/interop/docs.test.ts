import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DOCS, knownTables, replaceSection } from "../../interop/docs.ts";
import { KNOWN_FAILURES } from "../../interop/known.ts";
import { DEFAULT_SCRIPTS } from "../../interop/runner/scripts.ts";
import { caseNumbers } from "../../interop/runner/verdict.ts";

test("docs/interop.md names the known failures as the list does", () => {
  const text = readFileSync(DOCS, "utf8");
  assert.equal(replaceSection(text, "known", knownTables(KNOWN_FAILURES)), text, "run interop with --write");
});

test("the list names scripts that are run, each case once for a place, with a reason", () => {
  const seen = new Set<string>();
  for (const { script, cases, where, reason } of KNOWN_FAILURES) {
    assert(DEFAULT_SCRIPTS.includes(script), `${script} is not run by default`);
    assert(reason.length >= 10, `${script} ${cases}: ${reason}`);
    for (const number of caseNumbers(cases)) {
      const key = `${script} ${number} ${where}`;
      assert(!seen.has(key), `${key} is named twice`);
      seen.add(key);
    }
  }
});

test("a section is replaced between its markers, and nothing else is", () => {
  const text = "before\n<!-- a -->\nold\n<!-- /a -->\nafter\n";
  const once = replaceSection(text, "a", "| new |\n");
  assert.equal(once, "before\n<!-- a -->\n\n| new |\n\n<!-- /a -->\nafter\n");
  assert.equal(replaceSection(once, "a", "| new |\n"), once);
  assert.throws(() => replaceSection(text, "b", ""), /no section b/);
});

test("tables: a heading for each place, case 0 in words", () => {
  const tables = knownTables([
    { script: "t1", cases: "0", where: "fluxbus", reason: "a | b" },
    { script: "t2", cases: "1-3", where: "any", reason: "slow disk", unsteady: true },
  ]);
  assert.match(tables, /^\| t1 \| as a whole \| a \\\| b \|$/m);
  assert.match(tables, /^\| t2 \| 1-3 \| slow disk \(not always\) \|$/m);
  assert.match(knownTables([]), /With fluxbus\n\nNone\.\n/);
});
