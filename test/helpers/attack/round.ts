import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Attack } from "./attack.ts";
import type { BrokerMemory } from "./attacked-broker.ts";
import type { RoleProcess } from "./role.ts";
import type { Playing, Stage } from "./stage.ts";

const MIB = 1024 * 1024;

/** How much longer than the timer beside it the owner's ping may wait, in milliseconds. */
export const EXTRA_MS = 250;
/** How much more than before a broker may hold once the guest has left, in bytes: of its heap, and outside of it. */
export const GROWTH_BYTES = 20_000_000;
/** How long it may take until it is so, in milliseconds. */
const GROWTH_MS = 15_000;
/** Most bytes on standard error in a round. */
const STDERR_BYTES = 128 * 1024;
/** The share of a processor that an idle broker may take, with an owner who pings and publishes. */
const IDLE_SHARE = 0.4;
const IDLE_MS = 2000;
/** How much longer than its time a guest may play. */
const OVERTIME_MS = 15_000;
/** How long a broker may take to be itself again. */
const CALM_MS = 30_000;
const SAMPLE_MS = 50;
const CALM_PINGS = 15;
const OWNER_MS = 60_000;

const SECURITY = join(import.meta.dirname, "../../../docs/security.md");
const RESIDENT_MIB = 1536;
const NONE: BrokerMemory = { heapUsed: 0, external: 0 };
const STACK = /\bat \S.*:\d+:\d+\)?$/m;

/** The most memory that a broker may have resident, in bytes: what docs/security.md says. */
export function residentLimit(): number {
  const text = existsSync(SECURITY) ? readFileSync(SECURITY, "utf8") : "";
  const found = /Resident memory at most: ([\d,]+) MiB/.exec(text)?.[1]?.replaceAll(",", "");
  return Number(found ?? RESIDENT_MIB) * MIB;
}

export interface RoundOptions {
  readonly seed: number;
  readonly scale: number;
  readonly playMs: number;
  /** The process whose timer the owner's ping is compared with; in a stage that is timed. */
  readonly timer?: RoleProcess | undefined;
}

export interface RoundReport {
  readonly attack: Attack;
  readonly seed: number;
  readonly notes: string;
  /** What the broker did that it must not do; none when the round is won. */
  readonly failures: readonly string[];
  /** By how much the owner's ping waited longer than the timer, in milliseconds. */
  readonly extraMs: number;
  /** The most memory that was resident, in bytes. */
  readonly peak: number;
  /** What is held more than before, in bytes. */
  readonly growth: BrokerMemory;
  readonly ms: number;
}

/** One round: a guest plays, leaves, and what the broker is then like. */
export async function playRound(stage: Stage, attack: Attack, options: RoundOptions): Promise<RoundReport> {
  const { seed, scale, timer } = options;
  const playMs = Math.max(options.playMs, attack.needsMs ?? 0);
  const { broker, owner, ping } = stage;
  const started = performance.now();
  const failures: string[] = [];
  broker.takeStderr();
  const stderrBytes = broker.stderrBytes;
  broker.resetPeak();
  await bounded(Promise.all([owner.begin(), ping?.call("begin"), timer?.call("begin")]), OWNER_MS);

  // A process that has ended has no figures any more.
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, broker.peak);
  }, SAMPLE_MS).unref();
  const playing = stage.play({ path: broker.path, attack: attack.name, seed, scale, playMs });
  const notes = await watch(stage, attack, playing, playMs, failures);
  let extraMs = 0;
  let isCalm = true;
  if (ping !== undefined && timer !== undefined) {
    isCalm = await calm(stage, ping);
    const [pinged, timed] = await Promise.all([ping.call("read"), timer.call("read")]);
    extraMs = Math.max(0, pinged.worst - Math.max(0, timed.worst));
    if (broker.ended === undefined && pinged.failure !== undefined)
      failures.push(`the owner's ping: ${pinged.failure}`);
    if (extraMs > EXTRA_MS) failures.push(`the owner's ping waited ${Math.round(extraMs)} ms longer`);
  }
  if (!isCalm) failures.push(`the broker is not itself again ${CALM_MS} ms after the guest has left`);
  const growth = isCalm ? await afterwards(stage, failures) : NONE;
  clearInterval(sampler);
  peak = Math.max(peak, broker.peak);
  if (peak > residentLimit()) failures.push(`${Math.round(peak / MIB)} MiB were resident`);
  const stderr = broker.stderrBytes - stderrBytes;
  if (stderr > STDERR_BYTES) failures.push(`${Math.round(stderr / 1024)} KiB on standard error`);
  const text = broker.takeStderr();
  // Where descriptors are short the owner's requests fail too, by faults that have a stack.
  if (broker.ended === undefined && attack.needsFresh !== true && STACK.test(text))
    failures.push(`a stack in the log: ${lineOf(text)}`);
  if (broker.ended !== undefined)
    failures.push(`the broker ended with ${broker.ended}: ${/FATAL.*|Error.*/.exec(text)?.[0] ?? ""}`);
  return { attack, seed, notes, failures, extraMs, peak, growth, ms: performance.now() - started };
}

/** Lets the guest play, and leave. Resolves to what it notes. */
async function watch(
  { broker, ping }: Stage,
  { endsIdle }: Attack,
  playing: Playing,
  playMs: number,
  failures: string[],
): Promise<string> {
  let notes = "";
  try {
    const overtime = `did not end within ${playMs + OVERTIME_MS} ms`;
    const report = await Promise.race([
      playing.played,
      broker.exited,
      delay(playMs + OVERTIME_MS, overtime, { ref: false }),
    ]);
    if (typeof report === "object") {
      notes = report.notes;
      if (report.failure !== undefined) failures.push(report.failure);
      if (endsIdle === true && ping !== undefined && broker.ended === undefined)
        await checkIdle(broker, failures);
    } else notes = report ?? "";
  } catch (error) {
    failures.push(`the attack itself failed: ${String(error)}`);
  }
  await playing.leave();
  return notes;
}

async function checkIdle(broker: Stage["broker"], failures: string[]): Promise<void> {
  await delay(IDLE_MS / 4);
  const before = broker.cpuMs;
  await delay(IDLE_MS);
  const share = (broker.cpuMs - before) / IDLE_MS;
  if (share > IDLE_SHARE) failures.push(`${Math.round(share * 100)} percent of a processor while idle`);
}

/** Waits until the owner's ping is answered as on a quiet broker; resolves to false when that takes too long. */
async function calm({ broker }: Stage, ping: RoleProcess): Promise<boolean> {
  const end = performance.now() + CALM_MS;
  const { count: first } = await ping.call("read");
  for (;;) {
    const { count, latest, failure } = await ping.call("read");
    if (failure !== undefined || broker.ended !== undefined) return true;
    if (count >= first + CALM_PINGS && latest < EXTRA_MS / 5) return true;
    if (performance.now() > end) return false;
    await delay(50);
  }
}

/** What the owner has lost, and what the broker holds; pushes what is wrong. */
async function afterwards({ broker, owner, baseline }: Stage, failures: string[]): Promise<BrokerMemory> {
  if (broker.ended === undefined) {
    // The owner's program can end too: it serves guests.
    const asked = owner.end().catch((error: unknown) => [`the owner: ${String(error)}`]);
    const faults = await bounded(Promise.race([asked, broker.exited]), OWNER_MS);
    if (faults === "late") failures.push(`the owner's requests are not answered within ${OWNER_MS} ms`);
    else failures.push(...(faults ?? []));
  }
  const end = performance.now() + GROWTH_MS;
  let growth = NONE;
  while (broker.ended === undefined) {
    const memory = await broker.memory();
    if (memory === undefined) {
      if (broker.ended === undefined) failures.push("the broker does not tell its memory");
      break;
    }
    growth = {
      heapUsed: memory.heapUsed - baseline.heapUsed,
      external: memory.external - baseline.external,
    };
    if (growth.heapUsed <= GROWTH_BYTES && growth.external <= GROWTH_BYTES) break;
    if (performance.now() > end) {
      const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
      failures.push(`${mib(growth.heapUsed)} MiB of heap and ${mib(growth.external)} outside of it stay`);
      break;
    }
    await delay(200);
  }
  return growth;
}

/** The promise's value, or `late`. */
async function bounded<T>(promise: Promise<T>, ms: number): Promise<T | "late"> {
  const stop = new AbortController();
  const late = delay(ms, "late" as const, { signal: stop.signal });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}

function lineOf(text: string): string {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => STACK.test(line));
  return lines
    .slice(Math.max(0, at - 1), at + 1)
    .join(" ")
    .slice(0, 200);
}
