import { FluxError } from "../base/index.ts";
import { type Message, PrefixTable } from "../message/index.ts";
import type { LogLevel } from "./log-record.ts";
import type { SubscribeOptions } from "./options.ts";
import { describeFinding, SequenceWatch } from "./sequence-watch.ts";
import { Subscription } from "./subscription.ts";

/** What the subscriptions need of their handle. */
export interface SubscriptionPort {
  /** Sends event.subscribe or event.unsubscribe; resolves when it is answered. */
  ask(method: "subscribe" | "unsubscribe", topic: string): Promise<void>;
  /** True while there is no connection, but one will be made again. */
  isReconnecting(): boolean;
  /** Takes a line for the log. */
  log(level: LogLevel, text: string): void;
}

/** Longest topic that is remembered, in UTF-16 units. */
const LONGEST_TOPIC = 256;

/** Who waits for the broker to take a prefix. */
interface Waiting {
  resolve(): void;
  reject(error: FluxError): void;
}

/**
 * The subscriptions of a handle, counted by prefix: the broker is told of the first one under a prefix and of the end of the last.
 */
export class Subscriptions {
  readonly #table = new PrefixTable<Subscription>();
  readonly #port: SubscriptionPort;
  readonly #watch = new SequenceWatch();
  #watching = false;
  /** The topic of the latest event and who gets it: events of one topic often come in a row. */
  #lastTopic: string | undefined;
  #lastTargets: Subscription[] = [];
  /** The broker's answer for each prefix it was told of. */
  readonly #taken = new Map<string, Promise<void>>();
  /** Prefixes asked for while there was no connection, which the next one is told with the others. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(port: SubscriptionPort) {
    this.#port = port;
  }

  open(prefix: string, options: SubscribeOptions): Subscription {
    return new Subscription(
      prefix,
      options,
      (subscription) => this.#join(subscription),
      (subscription) => this.#leave(subscription),
    );
  }

  /** Gives an event to each subscription it matches, once. */
  deliver(message: Message): void {
    const topic = message.topic;
    if (topic === undefined) return;
    if (this.#table.has("")) this.#check(message.seq);
    if (topic !== this.#lastTopic) {
      this.#lastTargets = this.#targets(topic);
      this.#lastTopic = topic.length <= LONGEST_TOPIC ? topic : undefined;
    }
    for (const subscription of this.#lastTargets) subscription.deliver(message);
  }

  /** An event does not come, for `why`: counts it as dropped for each subscription it matches. */
  lose(message: Message, why: FluxError): void {
    const { topic, seq } = message;
    if (topic === undefined) return;
    if (this.#table.has("")) this.#check(seq);
    this.#port.log("err", `lost event ${seq}: ${why.message}`);
    for (const subscription of this.#targets(topic)) subscription.lose();
  }

  #targets(topic: string): Subscription[] {
    const targets = new Set<Subscription>();
    this.#table.match(topic, (subscriptions) => {
      for (const subscription of subscriptions) targets.add(subscription);
    });
    return [...targets];
  }

  /** Tells a new connection all prefixes. */
  async restore(): Promise<void> {
    this.#watch.resume();
    await Promise.all(
      [...this.#table.prefixes()].map((prefix) => {
        const taken = this.#port.ask("subscribe", prefix);
        const waiting = this.#waiting.get(prefix);
        if (waiting === undefined) {
          this.#taken.set(prefix, taken);
          return taken;
        }
        return taken.then(() => {
          this.#waiting.delete(prefix);
          waiting.resolve();
        });
      }),
    );
  }

  /** The connection is gone for good: all subscriptions throw `error` behind what they hold. */
  fail(error: FluxError): void {
    this.#giveUp(error);
    for (const subscription of this.#table.values()) subscription.fail(error);
  }

  /** The handle is closed: all subscriptions finish behind what they hold. */
  end(): void {
    this.#giveUp(new FluxError("ECONNRESET", "handle is closed"));
    for (const subscription of this.#table.values()) subscription.end();
  }

  #join(subscription: Subscription): Promise<void> {
    const { prefix } = subscription;
    this.#lastTopic = undefined;
    if (this.#table.add(prefix, subscription)) {
      const taken = this.#port.isReconnecting() ? this.#wait(prefix) : this.#port.ask("subscribe", prefix);
      this.#taken.set(prefix, taken);
      if (prefix === "") this.#watchFrom(taken);
    }
    return this.#taken.get(prefix)!;
  }

  #wait(prefix: string): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(prefix, { resolve, reject }));
  }

  #giveUp(error: FluxError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  async #leave(subscription: Subscription): Promise<void> {
    const { prefix } = subscription;
    this.#lastTopic = undefined;
    if (!this.#table.delete(prefix, subscription)) return;
    const taken = this.#taken.get(prefix);
    this.#taken.delete(prefix);
    const waiting = this.#waiting.get(prefix);
    if (waiting !== undefined) {
      this.#waiting.delete(prefix);
      waiting.reject(new FluxError("ECANCELED", `subscription to '${prefix}' was closed before it stood`));
      return;
    }
    try {
      await taken;
      await this.#port.ask("unsubscribe", prefix);
    } catch (error) {
      // A subscription that never came to be, or that ended with its connection, needs no unsubscribe.
      if (!FluxError.is(error)) throw error;
    }
  }

  /** Only from when the broker has taken the subscription to all events on does a hole in their numbers mean a loss. */
  #watchFrom(taken: Promise<void>): void {
    this.#watching = false;
    taken.then(
      () => {
        this.#watch.reset();
        this.#watching = true;
      },
      () => {},
    );
  }

  #check(seq: number): void {
    if (!this.#watching) return;
    const finding = this.#watch.observe(seq);
    if (finding === undefined) return;
    this.#port.log(finding.kind === "duplicate" ? "debug" : "err", describeFinding(finding));
  }
}
