import { FluxError } from "../base/index.ts";
import type { AttributeTable } from "../broker/index.ts";

/**
 * Sets the attributes given for a broker that is to start.
 * @throws FluxError as AttributeTable.setAtStart does, the name before its text. Source: flux-broker(1), --setattr.
 */
export function setStartAttributes(
  table: AttributeTable,
  given: Iterable<readonly [name: string, value: string | undefined]>,
): void {
  for (const [name, value] of given) {
    try {
      table.setAtStart(name, value);
    } catch (error) {
      const { errno, message } = FluxError.from(error);
      throw new FluxError(errno, `${name}: ${message}`);
    }
  }
}
