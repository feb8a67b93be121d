import { FluxError } from "../../base/index.ts";
import type { Methods } from "../../client/index.ts";
import { Role } from "../../message/index.ts";
import type { AttributeTable } from "../attribute-table.ts";

/** `attr`: the broker's attributes. `onSet` hears of a change, and may refuse it by throwing. */
export function attrMethods(table: AttributeTable, onSet: (name: string, value: string) => void): Methods {
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
      request(request) {
        const [name, value, force] = request.unpack("{s:s s:s s?b}", "name", "value", "force");
        if (name === "log-stderr-level" && !/^[0-7]$/.test(value))
          throw new FluxError("EINVAL", "invalid level");
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
