import type { Flux } from "../client/index.ts";
import { type Message, MessageFlag, textPayload } from "../message/index.ts";

/** Requests that have their last response. Known to nobody but these functions, and forgotten with the request. */
const answered = new WeakSet<Message>();

/** True when `request` takes no more answers. */
export function isAnswered(request: Message): boolean {
  return answered.has(request) || request.has(MessageFlag.NORESPONSE);
}

/** Sends a response, and remembers it when it is the last one: the only one, or the error behind those of a stream. */
export function sendResponse(h: Flux, request: Message, response: Message): void {
  h.send(response);
  if (response.errnum !== 0 || !request.has(MessageFlag.STREAMING)) answered.add(request);
}

/** Answers with an error unless the request has its answer. Never throws: where nothing can be sent nobody is left to tell. */
export function refuse(h: Flux, request: Message, errnum: number, text: string | undefined): void {
  if (isAnswered(request)) return;
  try {
    const payload = text === undefined ? undefined : textPayload(text);
    sendResponse(h, request, request.deriveResponse(errnum, payload));
  } catch {
    // The connection is gone or can't send; its end is reported elsewhere.
  }
}
