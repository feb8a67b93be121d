import { FluxError } from "../base/index.ts";
import type { Method, Methods, Request } from "../client/index.ts";
import { type JsonObject, objectOf, stringifyJson } from "../json/index.ts";
import { Role, routeString } from "../message/index.ts";
import type { DebugFlags } from "./debug-flags.ts";
import { clearCounters, type TypeCounters } from "./message-counters.ts";
import { resourceUsage } from "./resource-usage.ts";

/** What the default methods of a service tell and change. */
export interface ServiceFacts {
  readonly rank: number;
  /** Id of the service's end, the last hop of a ping. */
  readonly uuid: string;
  /** Messages sent and received, counted by whoever sends and receives. */
  readonly tx: TypeCounters;
  readonly rx: TypeCounters;
  readonly debug: DebugFlags;
  /** Takes a new configuration, or refuses it by throwing. Default: any is welcome. */
  readonly reconfigure?: ((config: JsonObject) => void | Promise<void>) | undefined;
}

/**
 * The methods that every module has, and the broker: ping, stats-get, stats-clear, rusage, debug, config-reload. A module's own of
 * the same name come before them. Source: RFC 5; flux-module(1).
 */
export function defaultMethods(facts: ServiceFacts): Methods {
  const { tx, rx, debug } = facts;
  const reconfigure = async (request: Request): Promise<void> => {
    const config = request.json();
    if (config === undefined) throw new FluxError("EPROTO", `Failed to parse ${request.topic} request`);
    await facts.reconfigure?.(objectOf(config));
    request.respond();
  };
  return {
    ping: { allow: Role.USER, request: (request) => ping(request, facts) },
    "stats-get": { allow: Role.ALL, answer: () => ({ tx, rx }) },
    "stats-clear": {
      answer() {
        clearCounters(tx);
        clearCounters(rx);
      },
    },
    rusage: { allow: Role.USER, answer: ({ who = "self" }: JsonObject) => resourceUsage(who) },
    debug: debugMethod(debug),
    "config-reload": { request: reconfigure },
    "config-update": { request: reconfigure },
  };
}

/** `NAME.debug`: changes the debug bits of a module, and tells them. */
export function debugMethod(debug: DebugFlags): Method {
  return {
    request(request) {
      const [op, flags] = request.unpack("{s:s s:i}", "op", "flags");
      debug.apply(op, flags);
      request.respond({ flags: debug.bits });
    },
  };
}

/** Echoes the request's object with four keys of its own behind or over its keys, spaced as flux-core does. */
function ping(request: Request, { uuid, rank }: ServiceFacts): void {
  const body = request.json({ reals: "keep" });
  if (body === undefined) throw new FluxError("EPROTO");
  const hops = [uuid, ...(request.message.routes ?? [])];
  const reply = {
    ...objectOf(body),
    route: routeString(hops),
    userid: request.userid | 0,
    rolemask: request.rolemask | 0,
    rank,
  };
  request.respond(stringifyJson(reply, { spaced: true }));
}
