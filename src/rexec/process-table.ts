import type { Request } from "../client/index.ts";
import type { ServedProcess } from "./served-process.ts";

/** The processes of a server, found by process id, by label, and by the request that started or attached to them. */
export class ProcessTable {
  readonly #processes = new Set<ServedProcess>();
  readonly #byLabel = new Map<string, ServedProcess>();
  /** Those in the foreground. */
  readonly #byRequest = new Map<string, ServedProcess>();
  readonly #keys = new Map<ServedProcess, string>();

  get size(): number {
    return this.#processes.size;
  }

  /** All, in the order they were started. */
  [Symbol.iterator](): IterableIterator<ServedProcess> {
    return this.#processes.values();
  }

  add(served: ServedProcess, request: Request): void {
    this.#processes.add(served);
    const { label } = served.command;
    if (label !== undefined) this.#byLabel.set(label, served);
    if (served.background) return;
    const key = requestKey(request, request.matchtag);
    this.#byRequest.set(key, served);
    this.#keys.set(served, key);
  }

  delete(served: ServedProcess): void {
    this.#processes.delete(served);
    const { label } = served.command;
    if (label !== undefined && this.#byLabel.get(label) === served) this.#byLabel.delete(label);
    const key = this.#keys.get(served);
    if (key === undefined) return;
    this.#keys.delete(served);
    if (this.#byRequest.get(key) === served) this.#byRequest.delete(key);
  }

  byLabel(label: string): ServedProcess | undefined {
    return this.#byLabel.get(label);
  }

  byPid(pid: number): ServedProcess | undefined {
    for (const served of this.#processes) if (served.process.pid === pid) return served;
    return undefined;
  }

  /** The one that the sender of `request` started in the foreground, with `matchtag`. */
  byRequest(request: Request, matchtag: number): ServedProcess | undefined {
    return this.#byRequest.get(requestKey(request, matchtag));
  }
}

function requestKey({ message }: Request, matchtag: number): string {
  return `${matchtag >>> 0} ${message.firstRoute ?? ""}`;
}
