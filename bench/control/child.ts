import { Session } from "node:inspector/promises";

/** Asked of a program by the process that started it. */
export interface Ask {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

/** What it gets back. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** Bytes held by a program, after a garbage collection where it was started with --expose-gc. */
export interface Memory {
  readonly rss: number;
  /** JavaScript heap and what it holds outside of it. */
  readonly heap: number;
}

type Methods = Readonly<Record<string, (argument: never) => unknown>>;

const inspector = new Session();

/** What every program can be asked. */
const COMMON: Methods = {
  /** Processor time used so far, in microseconds. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory(): Memory {
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  },
  async profileStart() {
    inspector.connect();
    await inspector.post("Profiler.enable");
    await inspector.post("Profiler.setSamplingInterval", { interval: 250 });
    await inspector.post("Profiler.start");
  },
  async profileStop() {
    return (await inspector.post("Profiler.stop")).profile;
  },
};

/** Answers the parent's calls with `methods` until it leaves; then the program ends. */
export function answerParent(methods: Methods): void {
  const all: Methods = { ...COMMON, ...methods };
  process.on("message", (ask: Ask) => {
    const work = async (): Promise<Answer> => {
      try {
        return { id: ask.id, value: await all[ask.method]!(ask.argument as never) };
      } catch (error) {
        return { id: ask.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
      }
    };
    void work().then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit());
}
