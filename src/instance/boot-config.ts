import { FluxError } from "../base/index.ts";
import { parseBootstrapTable, readCurveCert } from "../config/index.ts";
import type { JsonObject } from "../json/index.ts";

/**
 * Rank and size of the broker on `hostname` by the table `[bootstrap]`, once its keys are found good; undefined without such a table.
 * @throws FluxError as parseBootstrapTable; `Error loading certificate: text` as readCurveCert does.
 */
export async function placeInConfig(
  config: JsonObject,
  hostname: string,
): Promise<{ rank: number; size: number } | undefined> {
  const table = parseBootstrapTable(config, hostname);
  if (table === undefined) return undefined;
  if (table.curveCert !== undefined) {
    try {
      await readCurveCert(table.curveCert);
    } catch (error) {
      const { errno, message } = FluxError.from(error);
      throw new FluxError(errno, `Error loading certificate: ${message}`, { cause: error });
    }
  }
  return { rank: table.hosts.findIndex(({ host }) => host === hostname), size: table.hosts.length };
}
