import { Message, MessageFlag, siblingTopic } from "../message/index.ts";

/** What makes two requests of a sender the same to who is notified when the sender is gone. */
export function disconnectKey(
  topic: string | undefined,
  { aux1, flags, userid, rolemask }: Pick<Message, "aux1" | "flags" | "userid" | "rolemask">,
): string {
  const upstream = flags & MessageFlag.UPSTREAM;
  return `${aux1} ${upstream} ${userid} ${rolemask} ${siblingTopic(topic ?? "", "disconnect")}`;
}

/** The disconnect requests that requests call for whose senders are gone: one for each sender and service that was asked. */
export function disconnectsOf(requests: readonly Message[]): Message[] {
  const disconnects = new Map<string, Message>();
  for (const request of requests) {
    const topic = siblingTopic(request.topic ?? "", "disconnect");
    const upstream = request.flags & MessageFlag.UPSTREAM;
    const key = `${request.firstRoute} ${disconnectKey(request.topic, request)}`;
    if (disconnects.has(key)) continue;
    const { userid, rolemask, routes = [] } = request;
    const flags = MessageFlag.NORESPONSE | upstream;
    disconnects.set(key, Message.request({ topic, nodeid: request.aux1, flags, userid, rolemask, routes }));
  }
  return [...disconnects.values()];
}
