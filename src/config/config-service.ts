import { FluxError } from "../base/index.ts";
import { Followers, type Methods, type Request } from "../client/index.ts";
import { isObject, type JsonObject } from "../json/index.ts";
import { Role } from "../message/index.ts";
import type { ConfigStore } from "./config-store.ts";

/**
 * `config`: what flux-config(1) calls. Anybody may read; a streaming get gives the configuration, and again after each update, until its
 * sender goes. Only the owner may replace it, on rank 0 only. Source: config.c in flux-core.
 */
export function configMethods(store: ConfigStore, rank: number): Methods {
  const followers = new Followers();
  store.watch((config) => followers.tell(config));
  return {
    get: {
      allow: Role.USER,
      later: true,
      request(request) {
        request.respond(store.current);
        if (request.streaming) followers.add(request);
      },
    },
    load: {
      async request(request) {
        const config = decode(request);
        refuseElsewhere(rank);
        await store.update(config);
        request.respond();
      },
    },
    reload: {
      async request(request) {
        refuseElsewhere(rank);
        await store.reload();
        request.respond();
      },
    },
  };
}

function decode(request: Request): JsonObject {
  try {
    const value = request.json({ reals: "keep" });
    if (isObject(value)) return value;
  } catch (error) {
    // What else is wrong with the text is nothing that flux-core's answer tells.
    if (FluxError.is(error, "EMSGSIZE")) throw error;
  }
  throw new FluxError("EPROTO", "error decoding config.load request");
}

function refuseElsewhere(rank: number): void {
  if (rank > 0) throw new FluxError("EINVAL", "configuration can only be changed on rank 0");
}
