import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const SRC = resolve(import.meta.dirname, "../../src");
const HIDE = `
globalThis.hidden = { Buffer: globalThis.Buffer, isWellFormed: String.prototype.isWellFormed };
delete globalThis.Buffer;
delete String.prototype.isWellFormed;`;
const RESTORE = `
const { Buffer, isWellFormed } = globalThis.hidden;
delete globalThis.hidden;
globalThis.Buffer = Buffer;
Object.defineProperty(String.prototype, "isWellFormed", { value: isWellFormed, writable: true, configurable: true });`;

/**
 * Modules of `src/`, loaded anew as an old browser would: without Buffer and without String.prototype.isWellFormed. They are hidden while the
 * modules are evaluated and no longer, for whatever loads modules here needs them itself.
 */
export async function importAsBrowser<T extends unknown[]>(...files: string[]): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "fluxbus-browser-"));
  try {
    writeFileSync(join(folder, "hide.mjs"), HIDE);
    writeFileSync(join(folder, "restore.mjs"), RESTORE);
    const modules = files.map(
      (file, index) => `export * as m${index} from "${pathToFileURL(join(SRC, file)).href}?browser";`,
    );
    const all = ['import "./hide.mjs";', ...modules, 'import "./restore.mjs";'];
    writeFileSync(join(folder, "all.mjs"), all.join("\n"));
    const loaded = await import(pathToFileURL(join(folder, "all.mjs")).href);
    return files.map((_, index) => loaded[`m${index}`]) as T;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
