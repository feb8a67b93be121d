import type { Event, Subscription } from "../client/index.ts";

/** The prefixes that no other one covers: the events of the others are among theirs. */
export function outermostPrefixes(prefixes: readonly string[]): string[] {
  const unique = [...new Set(prefixes)];
  return unique.filter((prefix) => !unique.some((other) => other !== prefix && prefix.startsWith(other)));
}

/**
 * The events of several subscriptions of one handle as one iteration, in the order they came.
 *
 * A connection brings events in the order of their numbers. So when one has come, all with lower numbers have been put in their queues:
 * of those at hand, the lowest is next. A subscription that fails ends it, behind the events at hand.
 */
export async function* inOrder(subscriptions: readonly Subscription[]): AsyncGenerator<Event, void> {
  const heads = new Map<Subscription, Event>();
  const waiting = new Map<Subscription, Promise<void>>();
  const open = new Set(subscriptions);
  let failure: { readonly error: unknown } | undefined;
  const ask = (subscription: Subscription): void => {
    const ended = (): void => {
      waiting.delete(subscription);
      open.delete(subscription);
    };
    const head = subscription.next().then(
      ({ done, value }) => {
        if (done === true) ended();
        else {
          waiting.delete(subscription);
          heads.set(subscription, value);
        }
      },
      (error: unknown) => {
        ended();
        failure ??= { error };
      },
    );
    waiting.set(subscription, head);
  };
  for (const subscription of open) ask(subscription);
  while (open.size > 0 && (failure === undefined || heads.size > 0)) {
    if (heads.size === 0) await Promise.race(waiting.values());
    // What is queued already reaches its head before a timer does.
    await new Promise<void>((resolve) => setImmediate(resolve));
    let first: [Subscription, Event] | undefined;
    for (const entry of heads) if (first === undefined || entry[1].seq < first[1].seq) first = entry;
    if (first === undefined) continue;
    const [subscription, event] = first;
    heads.delete(subscription);
    ask(subscription);
    yield event;
  }
  if (failure !== undefined) throw failure.error;
}
