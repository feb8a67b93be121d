import { FluxError } from "../../base/index.ts";
import type { Methods, Request } from "../../client/index.ts";
import type { JsonValue } from "../../json/index.ts";
import { Role } from "../../message/index.ts";
import type { ModuleHost } from "../module-host.ts";

/** `module`: what flux-module(1) calls, and modules themselves. Source: RFC 5. */
export function moduleMethods(host: ModuleHost): Methods {
  return {
    list: { allow: Role.USER, answer: () => ({ mods: host.list() }) },
    load: {
      async request(request) {
        const [path, name, loader, args, exec] = request.unpack(
          "{s:s s?s s?s s:o s?b}",
          "path",
          "name",
          "loader",
          "args",
          "exec",
        );
        await host.load({ path, name, loader, exec: exec === true }, textsOf(args));
        request.respond();
      },
    },
    remove: {
      async request(request) {
        const [name, cancel] = request.unpack("{s:s s?b}", "name", "cancel");
        await host.remove(name, cancel === true);
        request.respond();
      },
    },
    debug: {
      request(request) {
        const [name, defer] = request.unpack("{s:s s?b}", "name", "defer");
        host.defer(name, defer);
        request.respond();
      },
    },
    trace: { streaming: true, request: (request) => host.trace.follow(request) },
    status: {
      request(request) {
        const { status, errnum, text } = statusOf(request);
        const sender = request.message.firstRoute ?? "";
        host.status(sender, status, errnum, text, () => request.respond());
      },
    },
  };
}

/** The texts of an array. Throws EPROTO for what is none. */
function textsOf(value: JsonValue): string[] {
  if (!Array.isArray(value) || !value.every((text) => typeof text === "string"))
    throw new FluxError("EPROTO");
  return value;
}

/** flux-core's modules tell a number; those of this package also why. */
function statusOf(request: Request): { status: number; errnum: number; text: string | undefined } {
  try {
    const [status, errnum, text] = request.unpack("{s:i s?i s?s}", "status", "errnum", "errstr");
    return { status, errnum: errnum ?? 0, text };
  } catch (error) {
    if (FluxError.is(error, "EMSGSIZE")) throw error;
    throw new FluxError("EPROTO", "error decoding module.status request", { cause: error });
  }
}
