import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Build, commandFile, entryPoint } from "../build.ts";
import { Closers } from "../control/closers.ts";
import { Program } from "../control/program.ts";
import { median } from "../statistics.ts";
import { eachSide, type Sample, type Side, type Subject } from "./subject.ts";

/** What is started. */
interface Start {
  readonly name: string;
  readonly argumentsOf: (build: Build) => string[];
  /** Whether FLUX_URI names a broker of the same build. */
  readonly withBroker?: boolean;
}

const STARTS: readonly Start[] = [
  { name: "start-import", argumentsOf: (build) => importing(build, ".") },
  { name: "start-import-broker", argumentsOf: (build) => importing(build, "./broker") },
  { name: "start-version", argumentsOf: (build) => [commandFile(build, "fluxbus"), "version"] },
  {
    name: "start-getattr",
    argumentsOf: (build) => [commandFile(build, "fluxbus"), "getattr", "rank"],
    withBroker: true,
  },
  { name: "start-instance", argumentsOf: (build) => [commandFile(build, "fluxbus"), "start", "true"] },
];
/** Starts of each build in a round: as early and as often as those of the other. */
const TURNS = [0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0] as const;

/** Starts of programs, each from `spawn` to the end of the process, as ratio to a start of Node that does nothing. */
export function startSubjects(): Subject[] {
  return STARTS.map(({ name, argumentsOf, withBroker }) => ({
    name,
    async measure(builds, sides): Promise<readonly Sample[]> {
      await using closers = new Closers();
      const folder = await mkdtemp(join(tmpdir(), "fluxbus-bench-"));
      closers.defer(() => rm(folder, { recursive: true, force: true }));
      const starts = await eachSide(builds, sides, async (build) => {
        const own = await mkdtemp(join(folder, "build-"));
        // Where Node can cache what it compiled, each build has a cache of its own.
        const env: NodeJS.ProcessEnv = { ...process.env, XDG_CACHE_HOME: join(own, "cache") };
        delete env["FLUX_URI"];
        if (withBroker === true) {
          const broker = closers.use(new Program("broker", { build }));
          env["FLUX_URI"] = await broker.call<string>("open", { socketPath: join(own, "local-0") });
        }
        return (): Promise<number> => timeOf(argumentsOf(build), env);
      });
      const bare = (): Promise<number> => timeOf(["-e", "0"], process.env);
      for (const start of [bare, starts[sides[0]], starts[sides[1]]]) await start();
      const times: Record<Side, number[]> = { current: [], other: [] };
      const bareTimes: number[] = [];
      for (const [index, turn] of TURNS.entries()) {
        if (index % 4 === 0) bareTimes.push(await bare());
        const side = sides[turn];
        times[side].push(await starts[side]());
      }
      const limit = median(bareTimes);
      const [current, other] = [median(times.current) / limit, median(times.other) / limit];
      return [{ ratio: name, unit: "x node", better: "lower", current, other }];
    },
  }));
}

function importing(build: Build, subpath: string): string[] {
  const url = pathToFileURL(entryPoint(build, subpath)).href;
  return ["--input-type=module", "-e", `await import(${JSON.stringify(url)}); process.exit()`];
}

/** Milliseconds from the start of Node to its end. Throws when it ends with another status than 0. */
function timeOf(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    let ms = 0;
    child.on("error", reject);
    child.on("exit", () => {
      ms = performance.now() - start;
    });
    child.on("close", (status, signal) => {
      if (status === 0) resolve(ms);
      else reject(new Error(`node ${args.join(" ")} ended with ${signal ?? `status ${status}`}: ${errors}`));
    });
  });
}
