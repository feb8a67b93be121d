import { FluxError } from "../base/index.ts";
import type { JsonObject } from "../json/index.ts";
import type { HandleOptions, RequestHandler } from "./handlers.ts";
import type { Payload } from "./payload.ts";
import type { Request } from "./request.ts";

/**
 * A method that takes the request's JSON object and returns the answer's payload, or iterates over the payloads of a stream.
 * Generators (sync or async) are streaming methods: they refuse a request without the flag, and end with ENODATA.
 */
// biome-ignore lint/suspicious/noExplicitAny: a method names the fields it wants from its body; what comes is checked by the method
export type MethodCall = (body: any, request: Request) => MethodReturn | Promise<MethodReturn>;
export type MethodResult = Payload | undefined | AsyncIterable<Payload> | Iterable<Payload>;

/** What a method may return; a method without a return statement has type void. */
// biome-ignore lint/suspicious/noConfusingVoidType: undefined would refuse methods without a return statement
export type MethodReturn = MethodResult | void;

/** A method of a service: a function, or a function with the roles that may call it, or a handler that answers by itself. */
export type Method =
  | MethodCall
  | ({ readonly answer: MethodCall } & HandleOptions)
  | ({ readonly request: RequestHandler } & HandleOptions);

/** Methods of a service by name: the topic behind the service's name and a dot. */
export type Methods = Readonly<Record<string, Method>>;

/** True for what `serve` takes as a method: for those without a compiler. */
export function isMethod(definition: unknown): definition is Method {
  if (typeof definition === "function") return true;
  if (typeof definition !== "object" || definition === null) return false;
  const { answer, request } = definition as { answer?: unknown; request?: unknown };
  return typeof answer === "function" || typeof request === "function";
}

/** Handler and options of a method. */
export function handlerOf(method: Method): { handler: RequestHandler; options: HandleOptions } {
  if (typeof method === "function")
    return { handler: callHandler(method), options: { streaming: isGenerator(method) } };
  if ("request" in method) return { handler: method.request, options: method };
  const streaming = method.streaming ?? isGenerator(method.answer);
  return { handler: callHandler(method.answer), options: { ...method, streaming } };
}

/** Methods whose requests have their last answer when they return, or their promises settle, but for those that say otherwise: see HandleOptions. */
export function answeredAtOnce(methods: Methods): Methods {
  const entries = Object.entries(methods).map(([name, method]): [string, Method] => [
    name,
    typeof method === "function" ? method : { later: false, keepsPayload: false, ...method },
  ]);
  return Object.fromEntries(entries);
}

function callHandler(call: MethodCall): RequestHandler {
  return (request) => {
    const result = call(request.body() as JsonObject, request);
    if (result instanceof Promise) return result.then((settled) => answer(request, settled as MethodResult));
    return answer(request, result as MethodResult);
  };
}

function answer(request: Request, result: MethodResult): void | Promise<void> {
  if (isIterable(result)) return answerAll(request, result);
  if (request.answered) return;
  // A method that has answered a streaming request by itself and returns nothing has no further item.
  if (result !== undefined || !request.responded) request.respond(result as Payload);
  if (request.streaming) request.respondError("ENODATA");
}

async function answerAll(
  request: Request,
  results: AsyncIterable<Payload> | Iterable<Payload>,
): Promise<void> {
  const iterator: AsyncIterator<Payload> | Iterator<Payload> =
    Symbol.asyncIterator in results ? results[Symbol.asyncIterator]() : results[Symbol.iterator]();
  const { signal } = request;
  // An iterator that waits is told at once that nobody listens; a generator hears of it at its next yield, as it can't before.
  const leave = (): void => {
    new Promise((resolve) => resolve(iterator.return?.())).catch(() => {});
  };
  signal.addEventListener("abort", leave, { once: true });
  try {
    if (!request.streaming)
      throw new FluxError("EPROTO", "method answers with a stream: request lacks the STREAMING flag");
    // Nobody takes the items, and nothing would slow their making.
    if (request.noResponse) return;
    while (!signal.aborted) {
      const step = await iterator.next();
      if (step.done === true) break;
      request.respond(step.value);
      // It was too large, and became the error that ends the stream.
      if (request.answered) break;
      const room = request.writable();
      if (room !== undefined) await room;
    }
    if (!signal.aborted && !request.answered) request.respondError("ENODATA");
  } finally {
    signal.removeEventListener("abort", leave);
    await iterator.return?.();
  }
}

function isIterable(result: MethodResult): result is AsyncIterable<Payload> | Iterable<Payload> {
  if (typeof result !== "object" || result === null || result instanceof Uint8Array || Array.isArray(result))
    return false;
  return Symbol.asyncIterator in result || Symbol.iterator in result;
}

const GENERATORS = new Set(["GeneratorFunction", "AsyncGeneratorFunction"]);

function isGenerator(call: MethodCall): boolean {
  return GENERATORS.has(call.constructor.name);
}
