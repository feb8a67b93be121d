import { type Message, MessageType, topicMatcher } from "../message/index.ts";
import type { flux_match } from "./match.ts";

/** The test that `match` stands for, ready for many messages. A tag matches only where no route is left: elsewhere it is another's. */
export function matcherOf(match: flux_match): (message: Message) => boolean {
  const { typemask, matchtag } = match;
  const topicMatches = topicMatcher(match.topic_glob ?? undefined);
  return (message) =>
    (typemask === 0 || (message.type & typemask) !== 0) &&
    (matchtag === 0 || (tagOf(message) === matchtag && (message.routes?.length ?? 0) === 0)) &&
    topicMatches(message.topic);
}

function tagOf({ type, aux2 }: Message): number | undefined {
  return type === MessageType.REQUEST || type === MessageType.RESPONSE ? aux2 : undefined;
}
