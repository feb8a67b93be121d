import { setTimeout as delay } from "node:timers/promises";
import type { Flux } from "../../client/index.ts";
import { countArgument, durationArgument, nodeidOption } from "../arguments.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about, usageError } from "../failure.ts";
import { print, printJson } from "../output.ts";
import type { PingTarget } from "../ping-target.ts";

interface PingOptions extends ClientOptions {
  readonly rank?: string;
  readonly pad: number;
  readonly interval?: number;
  readonly count?: number;
  readonly batch?: true;
  readonly userid?: true;
}

/** Most pings without an answer; beyond it the next one waits. */
const PENDING_MAX = 1024;

/** `fluxbus ping TARGET`. Source: flux-ping(1). */
export function pingCommand(): Command {
  return clientCommand(
    "ping",
    '{"rank", "service", "seq", "pad", "ms", "route", "userid", "rolemask"}, one a line',
  )
    .description("measure the round trip to a service")
    .argument("<target>", "a service, a rank or host, or both as in 0!broker")
    .option("-r, --rank <RANK>", "find the service on this rank or host")
    .option("-p, --pad <N>", "include N bytes in the payload", countArgument, 0)
    .option(
      "-i, --interval <N>",
      "seconds between requests, or a duration as 100ms (default: 1)",
      durationArgument,
    )
    .option("-c, --count <N>", "number of requests; 0 for no end", countArgument)
    .option("-b, --batch", "print nothing before all requests are sent")
    .option("-u, --userid", "include userid and rolemask")
    .action((target: string, options: PingOptions) =>
      withFlux(options, async (flux) => {
        const { parsePingTarget } = await import("../ping-target.ts");
        const parsed = parsePingTarget(target, options.rank, await hostlist(flux));
        if (typeof parsed === "string") throw usageError(parsed);
        if (!options.json) print(`fluxbus ping ${headline(parsed)}`);
        const { place, service } = parsed;
        const topic = `${place === "any" ? "" : `${place}!`}${service}.ping`;
        await about(
          topic,
          pingAll(flux, parsed, options).catch((error) => explain(error, flux, parsed)),
        );
      }),
    );
}

/** Throws the error of a ping; of a rank that is none with the size of the instance, which the broker does not say. */
async function explain(error: unknown, flux: Flux, { nodeid }: PingTarget): Promise<never> {
  const { FluxError } = await import("../../base/index.ts");
  if (!FluxError.is(error, "EHOSTUNREACH") || typeof nodeid !== "number") throw error;
  const size = await flux.size().catch(() => Number.POSITIVE_INFINITY);
  if (nodeid < size) throw error;
  throw new FluxError(
    "EHOSTUNREACH",
    `No route to host: the instance has no rank ${nodeid}, its size is ${size}`,
  );
}

function headline({ place, service, nodeid }: PingTarget): string {
  const isHost = typeof nodeid === "number" && place !== String(nodeid);
  return `${place}!${service}${isHost ? ` (rank ${nodeid})` : ""}`;
}

/** Sends a request each interval, whether or not the one before was answered. The first failure ends it. */
async function pingAll(flux: Flux, target: PingTarget, options: PingOptions): Promise<void> {
  const count = options.count || Number.POSITIVE_INFINITY;
  const pending = new Set<Promise<void>>();
  const held: (() => void)[] = [];
  const failed = new AbortController();
  const show = options.batch ? (line: () => void) => held.push(line) : (line: () => void) => line();
  for (let seq = 0; seq < count && !failed.signal.aborted; seq++) {
    if (seq > 0) await delay(options.interval ?? 1000, undefined, { signal: failed.signal }).catch(() => {});
    if (pending.size >= PENDING_MAX) await Promise.race(pending).catch(() => {});
    if (failed.signal.aborted) break;
    const ping = pingOnce(flux, target, seq, options).then(show);
    pending.add(ping);
    ping.then(
      () => pending.delete(ping),
      () => failed.abort(),
    );
  }
  await Promise.all(pending);
  for (const line of held) line();
}

/** Resolves to what prints the answer. */
async function pingOnce(
  flux: Flux,
  target: PingTarget,
  seq: number,
  options: PingOptions,
): Promise<() => void> {
  const { service, nodeid } = target;
  const { pad } = options;
  const start = performance.now();
  const reply = await flux.rpc(`${service}.ping`, { seq, pad: "p".repeat(pad) }, nodeidOption(nodeid));
  const ms = performance.now() - start;
  const rank = Number(reply["rank"]);
  const userid = Number(reply["userid"]) >>> 0;
  const rolemask = Number(reply["rolemask"]) >>> 0;
  const route = String(reply["route"]);
  if (options.json) {
    return () => printJson({ rank, service, seq, pad, ms: Number(ms.toFixed(3)), route, userid, rolemask });
  }
  const who = options.userid ? ` userid=${userid} rolemask=0x${rolemask.toString(16)}` : "";
  return () =>
    print(`${rank}!${service}.ping pad=${pad}${who} seq=${seq} time=${ms.toFixed(3)} ms (${route})`);
}

/** The hosts of the instance; none when the broker does not say. */
async function hostlist(flux: Flux): Promise<string> {
  const { FluxError } = await import("../../base/index.ts");
  try {
    return await flux.attributes.get("hostlist");
  } catch (error) {
    if (FluxError.is(error) && flux.status === "connected") return "";
    throw error;
  }
}
