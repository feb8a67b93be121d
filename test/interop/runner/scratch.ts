/**
 * The scratch folder of one run: a copy of flux-core's `t/`, and the package compiled from its sources as they are now. So neither tree is
 * written, and neither edits nor builds meanwhile disturb the run.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listScripts, type Script } from "./scripts.ts";
import { limitSizes } from "./sizes.ts";

export interface Scratch {
  readonly folder: string;
  /** The copy of `t/`: working directory of the scripts. */
  readonly t: string;
  readonly logs: string;
  /** TMPDIR of the scripts: where brokers make their rundirs. */
  readonly tmp: string;
  /** The folder that holds our `flux-broker`. */
  readonly libexec: string;
  readonly scripts: readonly Script[];
}

const LEFT_BEHIND = /(?:^|\/)(?:trash-directory\.|test-results$|__pycache__$|.*\.broker\.log$)/;

/** Makes a scratch folder. `size` undefined leaves the scripts' own sizes. Its name is short: UNIX sockets are made under it. */
export function makeScratch(options: {
  readonly source: string;
  readonly build: string;
  /** Where our package is; undefined for a run without it. */
  readonly packageRoot: string | undefined;
  readonly size: number | undefined;
}): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "interop-"));
  const inside = (name: string): string => join(folder, name);
  for (const name of ["logs", "tmp", "package"]) mkdirSync(inside(name));
  for (const tree of new Set([options.source, options.build])) {
    cpSync(join(tree, "t"), inside("t"), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
      filter: (path) => !LEFT_BEHIND.test(path),
    });
  }
  if (options.packageRoot !== undefined) compile(options.packageRoot, inside("package"));
  const scripts = listScripts(inside("t"));
  if (options.size !== undefined) {
    limitAll(inside("t"), [...scripts, ...listScripts(inside("t"), true)], options.size);
  }
  return {
    folder,
    t: inside("t"),
    logs: inside("logs"),
    tmp: inside("tmp"),
    libexec: inside("package/libexec"),
    scripts,
  };
}

/** Compiles the package into a folder. Errors of types are shown, and the run goes on with what came out, as a program run by tsx would. */
function compile(root: string, to: string): void {
  for (const name of ["package.json", "libexec"])
    cpSync(join(root, name), join(to, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(to, "node_modules"));
  const args = ["-p", join(root, "tsconfig.build.json"), "--outDir", join(to, "dist")];
  const { status } = spawnSync(join(root, "node_modules/.bin/tsc"), args, { stdio: "inherit" });
  if (status !== 0) console.error("interop: the package has errors of types");
}

function limitAll(t: string, scripts: readonly Script[], size: number): void {
  for (const { kind, path } of scripts) {
    const text = readFileSync(join(t, path), "utf8");
    const limited = limitSizes(kind, text, size);
    if (limited !== text) writeFileSync(join(t, path), limited);
  }
}

/** Removes everything but the logs. */
export function leaveLogs(scratch: Scratch): void {
  for (const path of [scratch.t, scratch.tmp, join(scratch.folder, "package")]) {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  }
}
