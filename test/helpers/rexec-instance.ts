import assert from "node:assert/strict";
import type { Flux, LogLevel } from "../../src/client/index.ts";
import type { JsonObject } from "../../src/json/index.ts";
import { decodeIo, ExecFlag, Rexec, type RexecOptions } from "../../src/rexec/index.ts";
import { TestInstance, type TestInstanceOptions } from "../../src/testing/index.ts";
import { until } from "./until.ts";

/** An instance whose broker runs processes. */
export class RexecInstance implements AsyncDisposable {
  readonly instance: TestInstance;
  readonly rexec: Rexec;
  /** What the service wrote to the log. */
  readonly log: string[];

  private constructor(instance: TestInstance, rexec: Rexec, log: string[]) {
    this.instance = instance;
    this.rexec = rexec;
    this.log = log;
  }

  static async start(
    options: Partial<RexecOptions> = {},
    instanceOptions?: TestInstanceOptions,
  ): Promise<RexecInstance> {
    const instance = await TestInstance.start(instanceOptions);
    const log: string[] = [];
    const rexec = new Rexec({
      rank: 0,
      localUri: instance.uri,
      log: (level: LogLevel, text) => log.push(`${level} ${text}`),
      ...options,
    });
    instance.broker.addService("rexec", rexec.methods);
    return new RexecInstance(instance, rexec, log);
  }

  connect(): Promise<Flux> {
    return this.instance.connect();
  }

  /** Resolves when a line of the log matches. */
  logged(pattern: RegExp): Promise<void> {
    return until(() => this.log.some((line) => pattern.test(line)), `${pattern} in ${this.log.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rexec.stop();
    await this.instance.stop();
  }
}

/** A command object; `sh` runs a line of shell. */
export function commandObject(cmdline: string | readonly string[], rest: JsonObject = {}): JsonObject {
  const words = typeof cmdline === "string" ? ["sh", "-c", cmdline] : cmdline;
  return { cmdline: words, env: { PATH: process.env["PATH"] ?? "" }, opts: {}, channels: [], ...rest };
}

/** What a stream of rexec.exec told. */
export interface Outcome {
  /** Types of the responses in their order, each once in a row. */
  readonly types: string[];
  /** All data of each stream, and how often each ended. */
  readonly output: Readonly<Record<string, string>>;
  readonly ends: Readonly<Record<string, number>>;
  readonly status: number | undefined;
}

/** Runs a command to its end in the foreground. */
export async function run(
  flux: Flux,
  cmd: JsonObject,
  flags: number = ExecFlag.STDOUT | ExecFlag.STDERR,
  localFlags = 0,
): Promise<Outcome> {
  return collect(flux.stream("rexec.exec", { cmd, flags, local_flags: localFlags }));
}

/** Everything a stream of responses tells. */
export async function collect(responses: AsyncIterable<JsonObject>): Promise<Outcome> {
  const types: string[] = [];
  const output: Record<string, string> = {};
  const ends: Record<string, number> = {};
  let status: number | undefined;
  for await (const response of responses) {
    const type = String(response["type"]);
    if (types.at(-1) !== type) types.push(type);
    if (type === "finished") status = Number(response["status"]);
    if (type !== "output") continue;
    const { stream, rank, data, eof } = decodeIo(response["io"] ?? null);
    assert.equal(rank, "0");
    output[stream] = (output[stream] ?? "") + (data === undefined ? "" : Buffer.from(data).toString("utf8"));
    if (eof) ends[stream] = (ends[stream] ?? 0) + 1;
  }
  return { types, output, ends, status };
}

/** True while a process of this machine has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
