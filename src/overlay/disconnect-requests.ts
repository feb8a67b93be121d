import { Message, MessageFlag, siblingTopic } from "../message/index.ts";

/** The disconnect requests that requests call for whose senders are gone: one for each sender and service that was asked. */
export function disconnectsOf(requests: readonly Message[]): Message[] {
  const disconnects = new Map<string, Message>();
  for (const request of requests) {
    const topic = siblingTopic(request.topic ?? "", "disconnect");
    const upstream = request.flags & MessageFlag.UPSTREAM;
    const key = `${request.firstRoute} ${request.aux1} ${upstream} ${request.userid} ${topic}`;
    if (disconnects.has(key)) continue;
    const { userid, rolemask, routes = [] } = request;
    const flags = MessageFlag.NORESPONSE | upstream;
    disconnects.set(key, Message.request({ topic, nodeid: request.aux1, flags, userid, rolemask, routes }));
  }
  return [...disconnects.values()];
}
