import { join } from "node:path";
import type { BrokerOptions } from "../../src/broker/index.ts";
import type { Flux, LogRecord } from "../../src/client/index.ts";
import { ModuleLoaders } from "../../src/module/index.ts";
import { TestInstance } from "../../src/testing/index.ts";

const FIXTURES = join(import.meta.dirname, "../unit/module/fixtures");

/** The path of a module among the tests' own. */
export function fixture(name: string): string {
  return join(FIXTURES, `${name}.ts`);
}

/** What is in module.list for a module. */
export interface Listed {
  readonly name: string;
  readonly path: string;
  readonly idle: number;
  readonly status: number;
  readonly services: readonly string[];
  readonly sendqueue: number;
}

/** An instance that loads modules, a handle to it, and what its log has. */
export class ModuleInstance implements AsyncDisposable {
  readonly instance: TestInstance;
  readonly flux: Flux;
  readonly records: LogRecord[];

  private constructor(instance: TestInstance, flux: Flux, records: LogRecord[]) {
    this.instance = instance;
    this.flux = flux;
    this.records = records;
  }

  static async start(
    options: Omit<BrokerOptions, "socketPath"> = {},
    env: NodeJS.ProcessEnv = { PATH: process.env["PATH"] },
  ): Promise<ModuleInstance> {
    const records: LogRecord[] = [];
    const onLog = (record: LogRecord): void => {
      records.push(record);
    };
    const instance = await TestInstance.start({ moduleLoader: new ModuleLoaders(env), onLog, ...options });
    return new ModuleInstance(instance, await instance.connect(), records);
  }

  /** Loads a module; resolves when it is running. */
  async load(path: string, args: readonly string[] = [], more: object = {}): Promise<void> {
    await this.flux.call("module.load", { path, args, ...more });
  }

  async remove(name: string, more: object = {}): Promise<void> {
    await this.flux.call("module.remove", { name, ...more });
  }

  async list(): Promise<readonly Listed[]> {
    return (await this.flux.rpc<{ mods: readonly Listed[] }>("module.list")).mods;
  }

  /** What module.list has of a module; undefined when it is not loaded. */
  async listed(name: string): Promise<Listed | undefined> {
    return (await this.list()).find((module) => module.name === name);
  }

  /** True when the log has such a line. */
  logged(level: string, message: string): boolean {
    return this.records.some((record) => record.level === level && record.message === message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance.stop();
  }
}
