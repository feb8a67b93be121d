import { FluxError } from "../base/index.ts";
import { type BootstrapTable, type CurveCert, parseBootstrapTable, readCurveCert } from "../config/index.ts";
import type { JsonObject } from "../json/index.ts";

/** The table `[bootstrap]`, with the keys it names. */
export interface BootTable extends BootstrapTable {
  readonly cert: CurveCert | undefined;
}

/**
 * Reads the table `[bootstrap]` and the keys of the instance; undefined without such a table.
 * @throws FluxError as parseBootstrapTable; `Error loading certificate: text` as readCurveCert does.
 */
export async function readBootTable(config: JsonObject, hostname: string): Promise<BootTable | undefined> {
  const table = parseBootstrapTable(config, hostname);
  if (table === undefined) return undefined;
  if (table.curveCert === undefined) return { ...table, cert: undefined };
  try {
    return { ...table, cert: await readCurveCert(table.curveCert) };
  } catch (error) {
    const { errno, message } = FluxError.from(error);
    throw new FluxError(errno, `Error loading certificate: ${message}`, { cause: error });
  }
}
