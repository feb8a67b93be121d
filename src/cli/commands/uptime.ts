import type { Flux } from "../../client/index.ts";
import type { JsonObject } from "../../json/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { twoDigits } from "../local-minute.ts";
import { print, printJson } from "../output.ts";

/** What is known of an instance. */
interface Uptime {
  /** State of its broker: `run`, or where it is on the way there or from there. */
  readonly state: string;
  /** Time it has been running, or, in another state, in that state, in seconds. */
  readonly seconds: number;
  readonly owner: string;
  readonly depth: number;
  readonly size: number;
  /** Nodes; undefined when nobody there counts them. */
  readonly drained?: number | undefined;
  readonly offline?: number | undefined;
  /** Whether no queue takes or starts jobs. */
  readonly submitDisabled?: boolean | undefined;
  readonly schedulerStopped?: boolean | undefined;
}

/** `fluxbus uptime`. Source: flux-uptime(1). */
export function uptimeCommand(): Command {
  return clientCommand("uptime", 'one line: {"state", "seconds", "owner", "depth", "size", …}')
    .description("show how long the instance has been running")
    .action((options: ClientOptions) =>
      withFlux(options, async (flux) => {
        const uptime = await readUptime(flux);
        if (options.json) printJson(uptime);
        else for (const line of await describe(uptime, new Date())) print(line);
      }),
    );
}

async function describe(uptime: Uptime, now: Date): Promise<string[]> {
  const { formatDuration } = await import("../../base/index.ts");
  const { state, seconds, owner, depth, size, drained = 0, offline = 0 } = uptime;
  const clock = [now.getHours(), now.getMinutes(), now.getSeconds()].map(twoDigits).join(":");
  const words = [
    ` ${clock} ${state} ${formatDuration(seconds * 1000, 2)}`,
    `owner ${owner}`,
    `depth ${depth}`,
    `size ${size}`,
    ...(drained > 0 ? [`${drained} drained`] : []),
    ...(offline > 0 ? [`${offline} offline`] : []),
  ];
  const notes = [
    ...(uptime.submitDisabled ? ["submit disabled"] : []),
    ...(uptime.schedulerStopped ? ["scheduler stopped"] : []),
  ];
  return [words.join(",  "), ...(notes.length > 0 ? [`  ${notes.join(",  ")}`] : [])];
}

async function readUptime(flux: Flux): Promise<Uptime> {
  const attribute = (name: string): Promise<string> => about(name, flux.attributes.get(name));
  const uid = Number(await attribute("security.owner"));
  const size = Number(await attribute("size"));
  const depth = Number(await attribute("instance-level"));
  const machine = await about("state-machine.get", flux.rpc("state-machine.get"));
  const state = String(machine["state"]);
  const known = { state, owner: await userName(uid), depth, size };
  if (state !== "run") return { ...known, seconds: Number(machine["duration"]) };
  const starttime = await about(
    "broker.starttime",
    flux.rpc("attr.get", { name: "broker.starttime" }, { nodeid: 0 }),
  );
  const [drained, offline, queues] = await Promise.all([
    readDrained(flux),
    readOffline(flux, size),
    readQueues(flux),
  ]);
  const seconds = Math.max(0, Date.now() / 1000 - Number(starttime["value"]));
  return { ...known, seconds, drained, offline, ...queues };
}

async function readDrained(flux: Flux): Promise<number | undefined> {
  const status = await ifServed("resource.status", flux.rpc("resource.status", undefined, { nodeid: 0 }));
  if (status === undefined) return undefined;
  const { decodeIdset } = await import("../../base/index.ts");
  const groups = Object.keys((status["drain"] as JsonObject | undefined) ?? {});
  return groups.reduce((count, ids) => count + (decodeIdset(ids)?.length ?? 0), 0);
}

async function readOffline(flux: Flux, size: number): Promise<number | undefined> {
  const online = flux.rpc("groups.get", { name: "broker.online" }, { nodeid: 0 });
  const group = await ifServed("groups.get", online);
  if (group === undefined) return undefined;
  const { decodeIdset } = await import("../../base/index.ts");
  return size - (decodeIdset(String(group["members"]))?.length ?? 0);
}

/** Submission is disabled, the scheduler stopped, when it is so for all queues. */
async function readQueues(flux: Flux): Promise<Pick<Uptime, "submitDisabled" | "schedulerStopped">> {
  const topic = "job-manager.queue-list";
  const list = await ifServed(topic, flux.rpc(topic, undefined, { nodeid: 0 }));
  if (list === undefined) return {};
  const names = (list["queues"] as readonly string[] | undefined) ?? [];
  const requests = names.length === 0 ? [{}] : names.map((name) => ({ name }));
  const states = await Promise.all(
    requests.map((request) =>
      about("job-manager.queue-status", flux.rpc("job-manager.queue-status", request, { nodeid: 0 })),
    ),
  );
  return {
    submitDisabled: states.every(({ enable }) => enable !== true),
    schedulerStopped: states.every(({ start }) => start !== true),
  };
}

/** The answer of a service that an instance without jobs lacks: undefined there. */
async function ifServed(topic: string, answer: Promise<JsonObject>): Promise<JsonObject | undefined> {
  try {
    return await answer;
  } catch (error) {
    const { FluxError } = await import("../../base/index.ts");
    if (FluxError.is(error, "ENOSYS")) return undefined;
    return about(topic, Promise.reject(error));
  }
}

/** The name of a user; the number of one who has none here. */
async function userName(uid: number): Promise<string> {
  const { SystemNames } = await import("../../broker/index.ts");
  const name = await new SystemNames().nameOf(uid).catch(() => undefined);
  return name ?? String(uid);
}
