import { handlerOf, type Methods, type OnFault, type Reply, RequestHandlers } from "../client/index.ts";
import type { Message } from "../message/index.ts";
import type { BuiltinModule } from "./module-entry.ts";

/** A service inside the broker: methods as `flux.serve` takes them, under the name of a service. */
export class BuiltinService {
  readonly name: string;
  readonly #handlers: RequestHandlers;
  readonly #reply: Reply;
  readonly #module: BuiltinModule | undefined;

  /** `module` is what module.list shows it as, and sees its requests. */
  constructor(name: string, methods: Methods, reply: Reply, fault: OnFault, module?: BuiltinModule) {
    this.name = name;
    this.#reply = reply;
    this.#module = module;
    this.#handlers = new RequestHandlers(fault, { terse: true });
    for (const [method, definition] of Object.entries(methods)) {
      const { handler, options } = handlerOf(definition);
      this.#handlers.add(`${name}.${method}`, handler, options);
    }
  }

  /** Serves a request, the routes of its way here on its stack. */
  receive(request: Message): void {
    this.#module?.received(request);
    this.#handlers.dispatch(request, this.#reply);
  }

  /** The broker stops: open requests are told. */
  stop(): void {
    this.#handlers.abandon();
  }
}
