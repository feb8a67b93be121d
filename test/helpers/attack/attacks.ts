import type { Attack } from "./attack.ts";
import { ANSWER_ATTACKS } from "./kinds/answers.ts";
import { BROKEN_ATTACKS } from "./kinds/broken.ts";
import { CONNECTION_ATTACKS } from "./kinds/connections.ts";
import { EVENT_ATTACKS } from "./kinds/events.ts";
import { FOLLOWER_ATTACKS } from "./kinds/followers.ts";
import { JSON_ATTACKS } from "./kinds/json.ts";
import { LOG_ATTACKS } from "./kinds/logs.ts";
import { OVERSIZE_ATTACKS } from "./kinds/oversize.ts";
import { ROUTE_ATTACKS } from "./kinds/routes.ts";
import { STATE_ATTACKS } from "./kinds/state.ts";
import { TOPIC_ATTACKS } from "./kinds/topics.ts";
import { TREE_ATTACKS } from "./kinds/tree.ts";

/** All attacks. */
export const ATTACKS: readonly Attack[] = [
  ...JSON_ATTACKS,
  ...ROUTE_ATTACKS,
  ...OVERSIZE_ATTACKS,
  ...TOPIC_ATTACKS,
  ...STATE_ATTACKS,
  ...CONNECTION_ATTACKS,
  ...ANSWER_ATTACKS,
  ...FOLLOWER_ATTACKS,
  ...LOG_ATTACKS,
  ...BROKEN_ATTACKS,
  ...EVENT_ATTACKS,
  ...TREE_ATTACKS,
];

/** The attacks that a comma-separated list of kinds and names means, all without one. @throws Error for a word that names none. */
export function selectAttacks(list: string | undefined): readonly Attack[] {
  if (list === undefined) return ATTACKS;
  return list.split(",").flatMap((word) => {
    const named = ATTACKS.filter(({ kind, name }) => kind === word || name === word);
    if (named.length > 0) return named;
    throw new Error(`no attack is called ${word}: ${ATTACKS.map(({ name }) => name).join(", ")}`);
  });
}

/** The kinds of attacks, each once, in their order. */
export function kindsOf(attacks: readonly Attack[]): string[] {
  return [...new Set(attacks.map(({ kind }) => kind))];
}
