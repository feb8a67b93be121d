import { allocate, decodeLatin1, EMPTY, writeLatin1 } from "../base/index.ts";
import { MessageFlag, MessageType } from "./constants.ts";
import { Message } from "./message.ts";

/**
 * What is left of a request that waits for its answer: all but the payload, and none of the memory it came in. Routes
 * and topic are kept as a string of their bytes, which the engine keeps without a buffer around it.
 */
export interface RequestStub {
  readonly head: string;
  readonly topicPart: number;
  readonly flags: number;
  readonly userid: number;
  readonly rolemask: number;
  readonly aux1: number;
  readonly aux2: number;
}

export function stubOf(request: Message): RequestStub {
  const { head, headStart, headEnd, topicPart, flags, userid, rolemask, aux1, aux2 } = request;
  return {
    head: decodeLatin1(head, headStart, headEnd),
    topicPart: topicPart - headStart,
    flags: flags & ~MessageFlag.PAYLOAD,
    userid,
    rolemask,
    aux1,
    aux2,
  };
}

/** The request of a stub, which has no payload. */
export function requestOf(stub: RequestStub): Message {
  const { flags, userid, rolemask, aux1, aux2 } = stub;
  const head = allocate(stub.head.length);
  writeLatin1(head, 0, stub.head);
  const header = { type: MessageType.REQUEST, flags, userid, rolemask, aux1, aux2 };
  return new Message(header, head, 0, head.length, stub.topicPart, EMPTY, 0, 0);
}
