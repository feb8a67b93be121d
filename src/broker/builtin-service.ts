import {
  handlerOf,
  type JsonLimits,
  type Ledger,
  type Methods,
  type OnFault,
  type Reply,
  RequestHandlers,
} from "../client/index.ts";
import type { Message } from "../message/index.ts";
import type { BuiltinModule } from "./module-entry.ts";

/** What a service inside the broker needs of it. */
export interface BuiltinServicePort {
  readonly reply: Reply;
  readonly fault: OnFault;
  /** What module.list shows it as, and sees its requests. */
  readonly module?: BuiltinModule | undefined;
  /** Largest JSON that it parses. */
  readonly limits?: JsonLimits | undefined;
  /** Charges the senders of the requests it keeps. */
  readonly ledger?: Ledger | undefined;
}

/** A service inside the broker: methods as `flux.serve` takes them, under the name of a service. */
export class BuiltinService {
  readonly name: string;
  readonly #handlers: RequestHandlers;
  readonly #reply: Reply;
  readonly #module: BuiltinModule | undefined;

  constructor(name: string, methods: Methods, port: BuiltinServicePort) {
    this.name = name;
    this.#reply = port.reply;
    this.#module = port.module;
    this.#handlers = new RequestHandlers(port.fault, {
      terse: true,
      strict: true,
      limits: port.limits,
      ledger: port.ledger,
    });
    for (const [method, definition] of Object.entries(methods)) {
      const { handler, options } = handlerOf(definition);
      this.#handlers.add(`${name}.${method}`, handler, options);
    }
  }

  /** The topics of its methods. */
  get topics(): string[] {
    return this.#handlers.topics;
  }

  /** Requests it has not answered yet. */
  get active(): number {
    return this.#handlers.active;
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
