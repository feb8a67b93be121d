/**
 * `npm run bench:flux-core`: fluxbus brokers against flux-core's on the same work, in turns: a tree of brokers as processes, and clients written in C
 * against flux-core's library on both sides. Needs flux-core's `flux` on PATH, pkg-config that knows flux-core, and a C compiler. See docs/benchmarks.md.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type BrokerKind, BrokerProcesses } from "../../test/helpers/broker-processes.ts";
import { TemporaryFolder } from "../../test/helpers/temporary-folder.ts";
import { median } from "../statistics.ts";

const SIZE = 8;
const TOPOLOGY = "kary:2";
const FAR = 7;
const KINDS: readonly BrokerKind[] = ["flux-core", "fluxbus"];
/** Longest life of a broker, in milliseconds. */
const RUN_MS = 300_000;

/** Publications under way at once. */
const WINDOWS = [1, 16, 256];

interface Options {
  readonly runs: number;
  readonly publications: number;
  readonly pings: number;
}

/** What one run of one kind of broker has shown: a figure for each measure. */
type Figures = Record<string, number>;

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "3" },
      publications: { type: "string", default: "5000" },
      pings: { type: "string", default: "3000" },
    },
  });
  const [runs, publications, pings] = [values.runs, values.publications, values.pings].map(Number);
  return { runs: runs!, publications: publications!, pings: pings! };
}

/** Compiles the client; its path. */
function compile(folder: string): string {
  const program = join(folder, "client");
  const packages = ["flux-core", "jansson"];
  const flags = (what: string): string[] =>
    execFileSync("pkg-config", [what, ...packages], { encoding: "utf8" })
      .split(/\s+/)
      .filter(Boolean);
  const paths = flags("--libs-only-L").map((flag) => `-Wl,-rpath,${flag.slice("-L".length)}`);
  const libdir = execFileSync("pkg-config", ["--variable=libdir", "flux-core"], { encoding: "utf8" }).trim();
  const source = join(import.meta.dirname, "client.c");
  execFileSync("cc", [
    "-O2",
    "-o",
    program,
    source,
    ...flags("--cflags"),
    ...flags("--libs"),
    ...paths,
    `-Wl,-rpath,${libdir}`,
  ]);
  return program;
}

/** A run of the client: its lines, and the result in the last one. */
class Client {
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;

  constructor(program: string, words: readonly (string | number)[]) {
    const child = spawn(program, words.map(String), { stdio: ["ignore", "pipe", "inherit"] });
    this.#exit = once(child, "exit");
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the client has failed");
    return value;
  }

  async result(): Promise<Record<string, number>> {
    const result = JSON.parse(await this.line()) as Record<string, number>;
    await this.#exit;
    return result;
  }
}

async function measure(kind: BrokerKind, program: string, options: Options): Promise<Figures> {
  await using folder = await TemporaryFolder.make();
  const brokers = await BrokerProcesses.configured(folder.path, {
    size: SIZE,
    topology: TOPOLOGY,
    kind: () => kind,
    runMs: RUN_MS,
  });
  try {
    await brokers.startAll();
    const leader = brokers.uri(0);
    const far = brokers.uri(FAR);
    await new Client(program, ["publish", far, 1000, 16]).result();
    await new Client(program, ["ping", leader, FAR, 500]).result();
    const figures: Figures = {};
    for (const window of WINDOWS) {
      const subscriber = new Client(program, ["count", leader, options.publications]);
      await subscriber.line();
      const { rate } = await new Client(program, ["publish", far, options.publications, window]).result();
      await subscriber.result();
      figures[`publish, ${window} under way (events/s)`] = rate!;
    }
    const ping = await new Client(program, ["ping", leader, FAR, options.pings]).result();
    figures["ping 0 to 7, median (µs)"] = ping["medianMicros"]!;
    figures["ping 0 to 7, mean (µs)"] = ping["meanMicros"]!;
    return figures;
  } finally {
    await brokers.kill();
  }
}

const options = readOptions();
await using folder = await TemporaryFolder.make();
const program = compile(folder.path);
const runs = new Map<BrokerKind, Figures[]>(KINDS.map((kind) => [kind, []]));
for (let run = 0; run < options.runs; run++)
  for (const kind of KINDS) runs.get(kind)!.push(await measure(kind, program, options));
console.log(
  `${SIZE} ranks, ${TOPOLOGY}, publisher at rank ${FAR}, subscriber at rank 0; median of ${options.runs} runs`,
);
console.log(`${"".padEnd(34)}${KINDS.map((kind) => kind.padStart(12)).join("")}       ratio`);
for (const name of Object.keys(runs.get("fluxbus")![0]!)) {
  const figures = KINDS.map((kind) => median(runs.get(kind)!.map((figure) => figure[name]!)));
  const ratio = figures[1]! / figures[0]!;
  console.log(
    `${name.padEnd(34)}${figures.map((it) => it.toFixed(0).padStart(12)).join("")}${ratio.toFixed(2).padStart(12)}`,
  );
}
