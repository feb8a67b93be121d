import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { FluxError } from "../base/index.ts";
import { DescriptorReserve } from "./descriptors.ts";

/** Descriptors that are kept for loading: require takes one at a time, and the compile cache another. */
export const RESERVE = 4;
/** Descriptors that have to be free before an import, which reads files side by side. */
export const SPARE = 16;

let reserve: DescriptorReserve | undefined;

/**
 * Keeps some descriptors for what is loaded late, so that it can be loaded also when clients have taken all others. For a daemon, before it takes clients.
 */
export function reserveDescriptors(): void {
  if (reserve === undefined) reserve = new DescriptorReserve(RESERVE);
  else reserve.restore();
}

function freeAll(fds: number[]): void {
  for (const fd of fds.splice(0)) closeSync(fd);
}

/**
 * Loads a part of this package when it is first wanted. Node remembers a failed import() for ever, so this one can't fail for want of descriptors: the part is read by
 * require, in one go, with descriptors that were kept for it.
 * @param from - `import.meta.url` of the caller
 * @param name - the file as the caller would import it, without its suffix
 * @param load - imports the same file: from the source, in a bundle, and where Node (22.0 to 22.11) keeps apart what is required and what is imported
 * @throws FluxError EMFILE when `load` is needed and descriptors are short: a later call may find some
 */
export async function loadLate<T>(from: string, name: string, load: () => Promise<T>): Promise<T> {
  if (!from.endsWith(".js") || process.features.require_module !== true) return await importLate(load);
  const path = fileURLToPath(new URL(`${name}.js`, from));
  reserve?.release();
  try {
    return createRequire(from)(path) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
  } finally {
    reserveDescriptors();
  }
  return await importLate(load);
}

/**
 * Imports something when there are descriptors for it. An import that fails is remembered by Node, so it is not begun while they are short.
 * @throws FluxError EMFILE when less than 16 are free; what `load` throws
 */
export async function importLate<T>(load: () => Promise<T>): Promise<T> {
  const spare: number[] = [];
  reserve?.release();
  try {
    while (spare.length < SPARE) spare.push(openSync("/dev/null", "r"));
    freeAll(spare);
    return await load();
  } catch (error) {
    throw spare.length > 0 ? FluxError.from(error) : error;
  } finally {
    freeAll(spare);
    reserveDescriptors();
  }
}
