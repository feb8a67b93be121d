import { FluxError } from "../../base/index.ts";
import type { Methods, Request } from "../../client/index.ts";
import { type JsonObject, type JsonValue, parseJson, stringifyJson } from "../../json/index.ts";
import { Role, routeString } from "../../message/index.ts";
import { resourceUsage } from "../resource-usage.ts";
import type { TypeCounters } from "../router.ts";

/** What the broker tells about itself. */
export interface BrokerFacts {
  readonly rank: number;
  readonly uuid: string;
  readonly rx: TypeCounters;
  readonly tx: TypeCounters;
}

const CLEARED: TypeCounters = { request: 0, response: 0, event: 0, control: 0 };

/** `broker`: the methods every module of flux-core has (ping, stats-get, rusage), and the environment. Source: RFC 5; method.c in flux-core. */
export function brokerMethods(facts: BrokerFacts): Methods {
  return {
    ping: { allow: Role.USER, request: (request) => ping(request, facts) },
    "stats-get": { allow: Role.ALL, answer: () => ({ tx: facts.tx, rx: facts.rx }) },
    "stats-clear": {
      answer() {
        Object.assign(facts.tx, CLEARED);
        Object.assign(facts.rx, CLEARED);
      },
    },
    rusage: {
      allow: Role.USER,
      answer: ({ who = "self" }: JsonObject) => resourceUsage(String(who)),
    },
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
    setenv: {
      request(request) {
        const [env] = request.unpack("{s:o}", "env");
        const entries = Object.entries(asObject(env));
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

/** Echoes the request's object with four keys of its own behind or over its keys, spaced as flux-core does. */
function ping(request: Request, facts: BrokerFacts): void {
  const text = request.text;
  if (text === undefined) throw new FluxError("EPROTO");
  const hops = [facts.uuid, ...(request.message.routes ?? [])];
  const reply = {
    ...asObject(parseJson(text, { reals: "keep" })),
    route: routeString(hops),
    userid: request.userid | 0,
    rolemask: request.rolemask | 0,
    rank: facts.rank,
  };
  request.respond(stringifyJson(reply, { spaced: true }));
}

function asObject(value: JsonValue): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new FluxError("EPROTO");
  return value as JsonObject;
}
