import { FluxError } from "../base/index.ts";
import type { Methods, Request, RequestHandler } from "../client/index.ts";
import type { Rexec, RexecOptions } from "../rexec/index.ts";
import { loadLate } from "../system/index.ts";

const METHODS = ["exec", "write", "kill", "list", "wait", "attach"] as const;

/** Those that are answered by what becomes of a process. */
const LATER: ReadonlySet<string> = new Set(["exec", "wait", "attach"]);

/**
 * The service `rexec` of a broker. What it takes is loaded with the first request: most brokers never run anything, and a broker starts by loading.
 * Owner: who made it. Ends with `stop`, as Rexec does.
 */
export class RexecService {
  /** The methods of the service, for `broker.addService`. */
  readonly methods: Methods = Object.fromEntries(
    METHODS.map((name) => [
      name,
      {
        later: LATER.has(name),
        // Its payload may be read behind the loading.
        keepsPayload: true,
        request: (request: Request) => this.#serve(name, request),
      },
    ]),
  );
  readonly #options: RexecOptions;
  #rexec: Promise<Rexec> | undefined;
  #stopped = false;

  constructor(options: RexecOptions) {
    this.#options = options;
  }

  /** Ends the processes. What is asked later is refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await (await this.#rexec)?.stop();
  }

  /** Requests are served in the order they came, those that waited for the loading too. */
  async #serve(name: string, request: Request): Promise<void> {
    if (this.#rexec === undefined) {
      if (this.#stopped) throw new FluxError("ENOSYS", "subprocess server is shutting down");
      const load = () => import("../rexec/index.ts");
      const room = loadLate(import.meta.url, "../rexec/index", load);
      this.#rexec = room.then(({ Rexec }) => new Rexec(this.#options));
      this.#rexec.catch(() => {
        this.#rexec = undefined;
      });
    }
    const { methods } = await this.#rexec;
    // Its client has gone meanwhile, and would not end what it began.
    if (request.signal.aborted) return;
    await (methods[name] as { readonly request: RequestHandler }).request(request);
  }
}
