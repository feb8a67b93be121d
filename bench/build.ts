import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** The name of the package in its package.json. */
const PACKAGE = "fluxbus";

/** What the benchmark reads of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly exports?: unknown;
  readonly bin?: string | Readonly<Record<string, string>>;
}

/** A built package: a checkout, an installed package, or a copy of one. */
export interface Build {
  /** The folder with its package.json. */
  readonly root: string;
  readonly manifest: Manifest;
}

/** The conditions under which Node imports an ES module. */
const CONDITIONS = new Set(["node", "import", "module-sync", "default"]);

/**
 * Finds the built package at `path`.
 *
 * @param path The root folder of a package, or a folder in it such as dist.
 * @throws TypeError when no fluxbus package holds `path`, when it has not been built, or when `path`
 *   is a folder of the package to which its `exports` do not lead: another build would be measured.
 */
export function openBuild(path: string): Build {
  const folder = resolve(path);
  const root = rootOf(folder);
  if (root === undefined) throw new TypeError(`${folder}: no package.json of ${PACKAGE} here or above`);
  const manifest: Manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const build: Build = { root, manifest };
  const main = entryPoint(build, ".");
  if (relative(folder, main).startsWith(".."))
    throw new TypeError(`${folder}: the exports of ${join(root, "package.json")} lead to ${main} instead`);
  if (!existsSync(main)) throw new TypeError(`${root} is not built: there is no ${main}`);
  return build;
}

/** Reads the nearest package.json only: a build does not belong to the package around its own. */
function rootOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file)) {
      const { name } = JSON.parse(readFileSync(file, "utf8")) as Manifest;
      return name === PACKAGE ? at : undefined;
    }
    if (dirname(at) === at) return undefined;
  }
}

/**
 * The file of an entry point, by the `exports` of the package.
 *
 * @param subpath `.` or `./NAME`, as `exports` has it.
 * @throws TypeError when the package does not export `subpath`.
 */
export function entryPoint({ root, manifest }: Build, subpath: string): string {
  const target = resolveExport(manifest.exports, subpath);
  if (target === undefined) throw new TypeError(`${root}: package.json exports no '${subpath}' for Node`);
  return resolve(root, target);
}

/**
 * The program behind a command, by the `bin` of the package.
 *
 * @throws TypeError when the package has no such command.
 */
export function commandFile({ root, manifest: { name, bin } }: Build, command: string): string {
  const target = typeof bin === "string" ? (name === command ? bin : undefined) : bin?.[command];
  if (target === undefined) throw new TypeError(`${root}: package.json has no command '${command}' in bin`);
  return resolve(root, target);
}

/**
 * The target of `subpath` in the `exports` of a package.json, for an import in Node; undefined when
 * there is none. Patterns with `*` are not followed: the package has none.
 */
export function resolveExport(exports: unknown, subpath: string): string | undefined {
  const isTable = isObject(exports) && Object.keys(exports).some((key) => key.startsWith("."));
  if (isTable) return Object.hasOwn(exports, subpath) ? targetOf(exports[subpath]) : undefined;
  return subpath === "." ? targetOf(exports) : undefined;
}

/** The first target whose conditions all hold, in the order of package.json, as Node does it. */
function targetOf(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  const branches: readonly unknown[] = Array.isArray(target)
    ? target
    : isObject(target)
      ? Object.entries(target).flatMap(([condition, branch]) => (CONDITIONS.has(condition) ? [branch] : []))
      : [];
  for (const branch of branches) {
    const found = targetOf(branch);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
