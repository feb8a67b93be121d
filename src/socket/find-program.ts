import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Where in the folders of `path`, as PATH and FLUX_EXEC_PATH list them, a program is; or `program` itself when it is a path. Undefined when it
 * is not there or can't be run.
 */
export function findProgram(program: string, path: string | undefined): string | undefined {
  if (program.includes("/")) return isProgram(program) ? program : undefined;
  const folders = (path ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
