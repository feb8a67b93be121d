import { FluxError } from "../../base/index.ts";
import type { Methods } from "../../client/index.ts";
import type { JsonObject } from "../../json/index.ts";
import { Role } from "../../message/index.ts";
import type { AttributeTable } from "../attribute-table.ts";

/** Asks another service for the broker. */
export type AskService = (topic: string, payload: JsonObject) => Promise<unknown>;

/**
 * `attr`: the broker's attributes. Who decides on an update is asked through `ask`; `onSet` hears of a change before it is made, and may
 * refuse it by throwing. Source: flux_attr_get(3).
 */
export function attrMethods(
  table: AttributeTable,
  ask: AskService,
  onSet: (name: string, value: string) => void,
): Methods {
  return {
    get: {
      allow: Role.ALL,
      request(request) {
        const [name] = request.unpack("{s:s}", "name");
        const value = table.get(name);
        if (value === undefined) throw new FluxError("ENOENT");
        request.respondPack("{s:s s:i}", "value", value, "flags", table.isImmutable(name) ? 1 : 0);
      },
    },
    list: { allow: Role.ALL, answer: () => ({ names: table.names() }) },
    set: {
      async request(request) {
        const [name, value, force] = request.unpack("{s:s s:s s?b}", "name", "value", "force");
        const topic = table.checkSet(name, force === true);
        if (topic !== undefined) await ask(topic, { name, value });
        onSet(name, value);
        table.set(name, value, force === true);
        request.respond();
      },
    },
    rm: {
      request(request) {
        const [name] = request.unpack("{s:s}", "name");
        table.remove(name);
        request.respond();
      },
    },
  };
}
