import { FluxError } from "../base/index.ts";
import type { HandleOptions, RequestHandler, RequestHandlers } from "./handlers.ts";
import { handlerOf, isMethod, type Method, type Methods } from "./method.ts";

/** What a service needs of its handle. */
export interface ServicePort {
  readonly handlers: RequestHandlers;
  /** Takes the name back from the broker. */
  remove(service: Service): Promise<void>;
}

/** A service this program provides under a name, until it is closed or the connection ends. */
export class Service implements AsyncDisposable {
  readonly name: string;
  readonly #port: ServicePort;
  readonly #undo = new Set<() => void>();
  #open = true;

  /** For the handle; `flux.serve` makes these. */
  constructor(name: string, methods: Methods, port: ServicePort) {
    this.name = name;
    this.#port = port;
    for (const [method, definition] of Object.entries(methods)) this.add(method, definition);
  }

  /** Adds a method, as `serve` takes them; returns what takes it away. */
  add(method: string, definition: Method): () => void {
    if (!isMethod(definition)) {
      const text = `method '${method}' of service '${this.name}' is neither a function nor an object with answer or request`;
      throw new FluxError("EINVAL", text);
    }
    const { handler, options } = handlerOf(definition);
    return this.handle(method, handler, options);
  }

  /** Adds a handler that answers by itself, for a method name or a glob of them; returns what takes it away. */
  handle(method: string, handler: RequestHandler, options?: HandleOptions): () => void {
    const forget = this.#port.handlers.add(`${this.name}.${method}`, handler, options);
    const undo = (): void => {
      this.#undo.delete(undo);
      forget();
    };
    this.#undo.add(undo);
    return undo;
  }

  /** Gives the name back and forgets the methods. Requests that are being served may still be answered. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const undo of this.#undo) undo();
    await this.#port.remove(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
