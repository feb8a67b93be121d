/** Runs the tests on several versions of Node, each fetched by npm into a scratch folder. Arguments: versions; default 20, 22 and 24. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const versions = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22", "24"];

function run(command: string, args: readonly string[], cwd: string): number {
  return spawnSync(command, args, { cwd, stdio: "inherit", timeout: 600_000 }).status ?? 1;
}

function fetchNode(version: string): string {
  const folder = join(ROOT, ".scratch", `node-${version}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  if (run("npm", ["install", "--silent", "--no-audit", "--no-fund", `node@${version}`], folder) !== 0) {
    throw new Error(`npm could not fetch node@${version}`);
  }
  return join(folder, "node_modules", "node", "bin", "node");
}

const failed: string[] = [];
for (const version of versions) {
  const node = fetchNode(version);
  console.log(`\n== Node ${spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim()}`);
  if (run(node, ["--import", "tsx", "test/run.ts"], ROOT) !== 0) failed.push(version);
}
console.log(
  failed.length === 0 ? `\npassed on Node ${versions.join(", ")}` : `\nfailed on Node ${failed.join(", ")}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
