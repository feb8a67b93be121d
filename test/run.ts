/**
 * Runs the test files under test/ in this one process, or those whose path contains one of the arguments. Those of test/interop need
 * flux-core: without its `flux` on PATH they are left out, and a line says so.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const FLUX = "flux";

/** Whether `flux` is flux-core's: other programs have that name too. */
function fluxIsThere(): boolean {
  const env = { ...process.env };
  delete env["FLUX_URI"];
  const { stdout } = spawnSync(FLUX, ["version"], { encoding: "utf8", env, timeout: 20_000 });
  return /^libflux-core:/m.test(stdout ?? "");
}

const root = import.meta.dirname;
const wanted = process.argv.slice(2);
const matching = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (matching.length === 0) throw new Error(`no test file matches ${wanted.join(" ")}`);
const interop = matching.filter((file) => file.startsWith("interop/"));
const skipped = interop.length > 0 && !fluxIsThere();
if (skipped) console.log(`skipped: ${interop.length} files of test/interop, there is no flux-core on PATH`);
const files = skipped ? matching.filter((file) => !interop.includes(file)) : matching;
for (const file of files) await import(pathToFileURL(join(root, file)).href);
