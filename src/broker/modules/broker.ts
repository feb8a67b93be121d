import { FluxError } from "../../base/index.ts";
import type { Methods } from "../../client/index.ts";
import { objectOf } from "../../json/index.ts";
import { Role } from "../../message/index.ts";
import { defaultMethods, type ServiceFacts } from "../../methods/index.ts";
import { confBuiltin } from "./conf-builtin.ts";

/** `broker`: the methods every module has, the environment, and where flux-core has its things. */
export function brokerMethods(facts: ServiceFacts): Methods {
  return {
    ...defaultMethods(facts),
    getenv: {
      request(request) {
        const [names] = request.unpack("{s:o}", "names");
        if (!Array.isArray(names)) throw new FluxError("EPROTO");
        const env: Record<string, string> = {};
        for (const name of names) {
          if (typeof name !== "string") throw new FluxError("EPROTO");
          if (Object.hasOwn(process.env, name)) env[name] = process.env[name]!;
        }
        request.respond({ env });
      },
    },
    "conf-builtin": { allow: Role.ALL, request: (request) => confBuiltin(request, process.env) },
    setenv: {
      request(request) {
        const [env] = request.unpack("{s:o}", "env");
        const entries = Object.entries(objectOf(env));
        for (const [name, value] of entries) {
          if (name === "" || name.includes("=") || (value !== null && typeof value !== "string"))
            throw new FluxError("EPROTO");
        }
        for (const [name, value] of entries) {
          if (value === null) delete process.env[name];
          else process.env[name] = value as string;
        }
        request.respond();
      },
    },
  };
}
