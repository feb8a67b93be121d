import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Build } from "./build.ts";
import { Closers } from "./control/closers.ts";
import { Program } from "./control/program.ts";
import { startNats } from "./nats-server.ts";
import type { NearRun } from "./programs/near.ts";
import type { Place, SystemName } from "./systems/system.ts";
import { isEvents, type Work } from "./work.ts";

/** Where a fluxbus broker keeps events: nowhere, in memory, or on disk too. */
export type KeptEvents = "none" | "ring" | "disk";

export interface RigOptions {
  /** URI of the system `peer`. */
  readonly peer?: string | undefined;
  /** What a broker of fluxbus keeps, when not what it does by itself. */
  readonly events?: KeptEvents | undefined;
  /** The build of fluxbus that its programs load; the one of this process when undefined. */
  readonly build?: Build | undefined;
}

/** One run: what was done in which time, and the processor time it took each program. */
export interface Run extends NearRun {
  /** Microseconds of processor time per response or event; the hub's is unknown where it is not our process. */
  readonly cpuMicros: { readonly near: number; readonly hub: number | undefined; readonly far: number };
}

/** The programs of one system, started and joined for one kind of work: client, hub, and service or subscribers. */
export class Rig implements AsyncDisposable {
  readonly system: SystemName;
  readonly work: Work;
  /** What its programs connect to. */
  readonly at: string;
  readonly near: Program;
  readonly far: Program;
  /** Relay or broker; undefined when the system runs without us. */
  readonly hub: Program | undefined;
  readonly #closers: Closers;

  private constructor(
    place: Place,
    programs: { near: Program; far: Program; hub: Program | undefined },
    closers: Closers,
  ) {
    this.system = place.system;
    this.work = place.work;
    this.at = place.at;
    this.near = programs.near;
    this.far = programs.far;
    this.hub = programs.hub;
    this.#closers = closers;
  }

  /** Starts the programs. */
  static async open(system: SystemName, work: Work, options: RigOptions = {}): Promise<Rig> {
    const { build } = options;
    await using closers = new Closers();
    const folder = await mkdtemp(join(tmpdir(), "fluxbus-bench-"));
    closers.defer(() => rm(folder, { recursive: true, force: true }));
    const hub = closers.use(hubOf(system, build));
    const far = closers.use(new Program("far", { build }));
    const near = closers.use(new Program("near", { build }));
    const at = await openHub(system, hub, { ...options, folder, closers });
    const place: Place = { system, at, credit: join(folder, "credit"), work };
    await far.call("open", place);
    await near.call("open", place);
    return new Rig(place, { near, far, hub }, closers.move());
  }

  /** Does the work for some seconds. Throws when the other side has not seen what the client counted. */
  async run(seconds: number): Promise<Run> {
    const before = await this.#read();
    const run = await this.near.call<NearRun>("run", { seconds });
    const after = await this.#read();
    const { kind, subscribers, responses } = this.work;
    const expected = run.count * (isEvents(this.work) ? subscribers : 1);
    const seen = after.seen - before.seen;
    if (seen !== expected || (kind === "stream" && run.count % responses !== 0))
      throw new Error(`${this.system}: the other side has seen ${seen} payloads, not ${expected}`);
    if (run.count === 0) throw new Error(`${this.system}: nothing was done in ${seconds} s`);
    const share = (later: number, earlier: number): number => (later - earlier) / run.count;
    return {
      ...run,
      cpuMicros: {
        near: share(after.near, before.near),
        hub: after.hub === undefined ? undefined : share(after.hub, before.hub!),
        far: share(after.far, before.far),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closers[Symbol.asyncDispose]();
  }

  async #read(): Promise<{ near: number; hub: number | undefined; far: number; seen: number }> {
    const [near, hub, far, seen] = await Promise.all([
      this.near.call<number>("cpu"),
      this.hub?.call<number>("cpu"),
      this.far.call<number>("cpu"),
      this.far.call<number>("seen"),
    ]);
    return { near, hub, far, seen };
  }
}

function hubOf(system: SystemName, build: Build | undefined): Program | undefined {
  if (system === "relay") return new Program("relay");
  return system === "fluxbus" ? new Program("broker", { build }) : undefined;
}

interface HubOptions extends RigOptions {
  readonly folder: string;
  readonly closers: Closers;
}

async function openHub(
  system: SystemName,
  hub: Program | undefined,
  { folder, closers, peer, events }: HubOptions,
): Promise<string> {
  switch (system) {
    case "relay":
      return hub!.call<string>("open", { folder });
    case "fluxbus":
      return hub!.call<string>("open", { socketPath: join(folder, "local-0"), events });
    case "nats":
      return startNats(closers);
    case "peer":
      if (peer === undefined) throw new Error("no URI of a peer");
      return peer;
  }
}
