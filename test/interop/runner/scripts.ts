/** flux-core's test scripts: which are run by default, how one is named, found and started. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Kind } from "./sizes.ts";

/** A script, named by its path under `t/` without the ending: `t0008-attr`, `python/t0001-handle`, `lua/t0002-rpc`. */
export interface Script {
  readonly name: string;
  readonly kind: Kind;
  /** Its path under `t/`. */
  readonly path: string;
}

const FOLDERS: readonly { kind: Kind; folder: string; ending: string }[] = [
  { kind: "sharness", folder: "", ending: ".t" },
  { kind: "python", folder: "python/", ending: ".py" },
  { kind: "lua", folder: "lua/", ending: ".t" },
];

/** The scripts that are run if none is named. */
export const DEFAULT_SCRIPTS: readonly string[] = [
  "t0001-basic",
  "t0002-request",
  "t0003-module",
  "t0004-event",
  "t0005-exec",
  "t0005-rexec",
  "t0006-module-exec",
  "t0007-ping",
  "t0008-attr",
  "t0009-dmesg",
  "t0010-generic-utils",
  "t0013-config-file",
  "t0014-runlevel",
  "t0017-security",
  "t0019-tbon-config",
  "t0025-broker-state-machine",
  "t0027-broker-groups",
  "t0034-broker-getenv",
  "t0036-broker-rundir",
  "t1102-cmddriver",
  "t1103-apidisconnect",
  "t1105-proxy",
  "t1107-heartbeat",
  "t1200-stats-basic",
  "t2808-shutdown-cmd",
  "t3300-system-basic",
  "t3301-system-latestart",
  "t3302-system-offline",
  "t3303-system-healthcheck",
  "t3304-system-rpctrack-down",
  "t3305-system-rpctrack-up",
  "t3306-system-routercrash",
  "t3307-system-leafcrash",
  "t3308-system-torpid",
  "t3309-system-reconnect",
  "t3310-system-heartbeat",
  "t3400-overlay-trace",
  "t3401-module-trace",
  "python/t0001-handle",
  "python/t0002-wrapper",
  "python/t0004-event",
  "python/t0006-request",
  "python/t0007-watchers",
  "python/t0008-message",
  "python/t1000-service-add-remove",
  "lua/t0001-send-recv",
  "lua/t0002-rpc",
  "lua/t0003-events",
  "lua/t0004-getattr",
];

/** All scripts in a `t/` folder. `inner`: instead, those that a case of t0001-basic runs. */
export function listScripts(t: string, inner = false): Script[] {
  const folders = inner ? [{ kind: "sharness" as const, folder: "test-under-flux/", ending: ".t" }] : FOLDERS;
  return folders.flatMap(({ kind, folder, ending }) =>
    (existsSync(join(t, folder)) ? readdirSync(join(t, folder)) : [])
      .filter((file) => (inner || /^t\d{4}-/.test(file)) && file.endsWith(ending))
      .sort()
      .map((file) => ({ kind, path: folder + file, name: folder + basename(file, ending) })),
  );
}

/**
 * The scripts that a word on the command line means: a name or the beginning of one, with or without folder and ending.
 * @throws Error if there is none
 */
export function findScripts(all: readonly Script[], word: string): Script[] {
  const wanted = word.replace(/^(?:\.\/)?(?:t\/)?/, "").replace(/\.(?:t|py)$/, "");
  const steps: readonly ((script: Script) => boolean)[] = [
    ({ name }) => name === wanted,
    ({ name }) => name.startsWith(wanted),
    ({ name }) => basename(name).startsWith(wanted),
  ];
  for (const step of steps) {
    const found = all.filter(step);
    if (found.length > 0) return found;
  }
  throw new Error(`no script of flux-core is named ${word}`);
}

/** The command that runs a script with `t/` as the working directory, and what it needs in the environment. */
export function commandOf(
  script: Script,
  tree: { t: string; source: string; build: string; python: string; debug: boolean },
): { command: string; args: string[]; env: Record<string, string> } {
  const path = `./${script.path}`;
  if (script.kind === "sharness")
    return { command: "sh", args: [path, "--logfile", ...(tree.debug ? ["--debug"] : [])], env: {} };
  if (script.kind === "lua")
    return { command: "lua", args: [path], env: { LUA_PATH: `${tree.t}/?.lua;;`, LUA_CPATH: ";;" } };
  const bindings = [tree.build, tree.source].map((root) => join(root, "src/bindings/python"));
  const env = {
    PYTHONPATH: [...new Set([...bindings, join(tree.t, "python/tap")])].join(":"),
    srcdir: join(tree.source, "t"),
    builddir: join(tree.build, "t"),
  };
  return { command: tree.python, args: [path], env };
}
