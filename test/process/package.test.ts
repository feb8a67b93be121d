import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const doors = Object.keys(manifest.exports).map((door) => join("fluxbus", door));
let folder = "";

describe("the packed package", () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fluxbus-package-"));
    await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { cwd: ROOT });
    const installed = join(folder, "node_modules", "fluxbus");
    mkdirSync(installed, { recursive: true });
    const [tarball] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
    await run("tar", ["-xzf", join(folder, tarball!), "--strip-components=1", "-C", installed]);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Doors to a broker, which reads TOML; the others work without any dependency. */
  const BROKER_DOORS = ["fluxbus/broker", "fluxbus/testing"];

  async function load(names: readonly string[]): Promise<void> {
    const program = `for (const door of ${JSON.stringify(names)}) {
    const names = Object.keys(await import(door));
    if (names.length === 0) throw new Error(door + " exports nothing");
  }`;
    await run(process.execPath, ["--input-type=module", "-e", program], { cwd: folder });
  }

  test("every door for clients of the packed package loads as a module, without any dependency", async () => {
    await load(doors.filter((door) => !door.endsWith(".json") && !BROKER_DOORS.includes(door)));
  });

  test("the doors to a broker load without what is optional", async () => {
    cpSync(join(ROOT, "node_modules", "smol-toml"), join(folder, "node_modules", "smol-toml"), {
      recursive: true,
    });
    await load(BROKER_DOORS);
  });

  test("a CommonJS program can require it", async () => {
    const program =
      'const { connect, FluxError } = require("fluxbus"); console.log(typeof connect, typeof FluxError)';
    const { stdout } = await run(process.execPath, ["--input-type=commonjs", "-e", program], { cwd: folder });
    assert.equal(stdout, "function function\n");
  });

  test("the packed package holds what users need and nothing else", async () => {
    const packed = readdirSync(join(folder, "node_modules", "fluxbus")).sort();
    const expected = [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "completions",
      "dist",
      "docs",
      "libexec",
      "package.json",
    ];
    assert.deepEqual(packed, expected);
  });
});
