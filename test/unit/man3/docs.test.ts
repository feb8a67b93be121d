import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as man3 from "../../../src/doors/man3.ts";
import * as room from "../../../src/man3/index.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DOOR = readFileSync(join(ROOT, "src/doors/man3.ts"), "utf8");
const DOCS = readFileSync(join(ROOT, "docs/man3.md"), "utf8");

/** The names in the second column of the tables. */
function documented(): string[] {
  const rows = DOCS.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) => row.split(" | ")[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)[(`]/g)].map((match) => match[1]!));
}

/** The names that the door exports, types too. */
function exported(): string[] {
  return [...DOOR.matchAll(/^ {2}(?:type )?(\w+),$/gm)].map((match) => match[1]!);
}

test("the table of docs/man3.md has exactly what the door exports, each once", () => {
  const names = documented();
  assert(names.length > 180, `${names.length} names`);
  assert.deepEqual([...names].sort(), exported().sort());
});

test("the door exports all that the room has", () => {
  assert.deepEqual(Object.keys(man3).sort(), Object.keys(room).sort());
  for (const name of Object.keys(man3)) assert(exported().includes(name), name);
});
