import { decodeFrames, Message, MessageFlag, MessageType } from "../../src/message/index.ts";
import { Bundle, isBundle, readBundle } from "../../src/overlay/bundle.ts";
import { type InProcessNetwork, InProcessTransport } from "../../src/overlay/index.ts";
import type {
  ChildServer,
  ConnectOptions,
  Frames,
  ListenOptions,
  ParentLink,
  TreeTransport,
} from "../../src/overlay/transport.ts";
import type { Chance } from "./event-simulation-chance.ts";

/** What happens on the links: chances from 0 to 1, for each message. */
export interface Climate {
  /** Numbered events on their way down: lost, twice, later than those behind them. */
  readonly eventLoss: number;
  readonly eventTwice: number;
  readonly eventLate: number;
  /** Events without a number, on their way up. */
  readonly publishLoss: number;
  /** Requests to replay events or to tell the latest, and the responses. */
  readonly askLoss: number;
  readonly answerLoss: number;
  readonly answerLate: number;
  /** Longest time that a message takes, in milliseconds; they keep their order. */
  readonly latencyMs: number;
}

export const CALM: Climate = {
  eventLoss: 0,
  eventTwice: 0,
  eventLate: 0,
  publishLoss: 0,
  askLoss: 0,
  answerLoss: 0,
  answerLate: 0,
  latencyMs: 0,
};

/** Most messages of a simulation. */
const MOST_MESSAGES = 100_000;

type Fate = "passes" | "lost" | "twice" | "late";
type Kind = "event" | "publish" | "ask" | "answer" | "other";

/** One direction of one connection. */
export class Lane {
  /** The rank below. */
  readonly child: number;
  #open = true;
  #waiting = 0;
  #due = 0;

  constructor(child: number) {
    this.child = child;
  }

  /** What is under way is lost. */
  close(): void {
    this.#open = false;
  }

  /** Nothing arrives before that time. */
  freeze(until: number): void {
    this.#due = Math.max(this.#due, until);
  }

  /** Delivers behind all that went this way before, `ms` from now at the earliest. */
  carry(ms: number, deliver: () => void): void {
    const now = Date.now();
    const due = Math.max(this.#due, now + ms);
    if (due === now && this.#waiting === 0) {
      if (this.#open) deliver();
      return;
    }
    this.#due = due;
    this.#waiting++;
    setTimeout(() => {
      this.#waiting--;
      if (this.#open) deliver();
    }, due - now);
  }

  /** Delivers `ms` from now, whatever else goes this way. */
  carryLate(ms: number, deliver: () => void): void {
    setTimeout(() => {
      if (this.#open) deliver();
    }, ms);
  }
}

/** What becomes of messages between the ranks of a simulated tree. */
export class Weather {
  climate: Climate = CALM;
  readonly network: InProcessNetwork;
  /** Ranks by the uuids of their present runs. */
  readonly ranks = new Map<string, number>();
  /** When an ask, or the answer to one, was lost or delayed on the link above a rank. */
  readonly troubles: { readonly rank: number; readonly at: number }[] = [];
  readonly counts = { carried: 0, lost: 0, twice: 0, late: 0 };
  readonly #chance: Chance;
  readonly #trace: (text: string) => void;
  /** Answers of which a response was lost or came late: so do those behind it, for a connection keeps the order. */
  readonly #answers = new Map<string, { readonly lost: boolean; readonly until: number }>();

  constructor(network: InProcessNetwork, chance: Chance, trace: (text: string) => void) {
    this.network = network;
    this.#chance = chance;
    this.#trace = trace;
  }

  /** Takes a message over a lane, or what becomes of it. */
  carry(lane: Lane, frames: Frames, down: boolean, deliver: (frames: Frames) => void): void {
    if (++this.counts.carried > MOST_MESSAGES)
      throw new Error(`more than ${MOST_MESSAGES} messages went over the links`);
    const parts = isBundle(frames)
      ? readBundle(frames).map((message) => ({ message, frames: () => bundleOf(message) }))
      : [{ message: messageOf(frames), frames: () => frames }];
    const fates = parts.map(({ message }) => this.#fate(lane, message, down));
    const ms = this.climate.latencyMs === 0 ? 0 : this.#chance.below(this.climate.latencyMs + 1);
    if (fates.every((fate) => fate === "passes")) {
      lane.carry(ms, () => deliver(frames));
      return;
    }
    for (const [index, part] of parts.entries()) {
      const fate = fates[index]!;
      if (fate === "lost") continue;
      const copy = part.frames().map((frame) => frame.slice());
      if (fate === "late") lane.carryLate(this.#lateMs(lane, part.message), () => deliver(copy));
      else lane.carry(ms, () => deliver(copy));
      if (fate === "twice") {
        const again = copy.map((frame) => frame.slice());
        lane.carryLate(ms + 1 + this.#chance.below(200), () => deliver(again));
      }
    }
  }

  #lateMs(lane: Lane, message: Message): number {
    if (message.type === MessageType.EVENT) return 1 + this.#chance.below(300);
    return this.#answers.get(streamOf(lane, message))!.until - Date.now();
  }

  #fate(lane: Lane, message: Message, down: boolean): Fate {
    const kind = kindOf(message, down);
    if (kind === "other") return "passes";
    const { climate } = this;
    const stream = kind === "answer" ? streamOf(lane, message) : "";
    const answer = this.#answers.get(stream);
    if (answer !== undefined) {
      if (answer.lost) return "lost";
      if (answer.until > Date.now()) return "late";
      this.#answers.delete(stream);
    }
    const roll = this.#chance.unit();
    const [loss, twice, late] =
      kind === "event"
        ? [climate.eventLoss, climate.eventTwice, climate.eventLate]
        : kind === "publish"
          ? [climate.publishLoss, 0, 0]
          : kind === "ask"
            ? [climate.askLoss, 0, 0]
            : [climate.answerLoss, 0, climate.answerLate];
    const fate: Fate =
      roll < loss ? "lost" : roll < loss + twice ? "twice" : roll < loss + twice + late ? "late" : "passes";
    if (fate === "passes") return fate;
    this.counts[fate]++;
    if (kind === "answer") {
      const until = Date.now() + 1 + this.#chance.below(4000);
      this.#answers.set(stream, { lost: fate === "lost", until });
    }
    if (kind === "ask" || kind === "answer") this.troubles.push({ rank: lane.child, at: Date.now() });
    this.#trace(`link of ${lane.child}: ${kind} ${nameOf(message)} ${fate}`);
    return fate;
  }
}

/** Which answer a response is part of. */
function streamOf(lane: Lane, message: Message): string {
  return `${lane.child} ${message.firstRoute} ${message.aux2}`;
}

function nameOf(message: Message): string {
  return message.type === MessageType.EVENT ? String(message.aux1) : (message.topic ?? "");
}

function kindOf(message: Message, down: boolean): Kind {
  if (message.type === MessageType.EVENT) return down ? "event" : "publish";
  const { topic } = message;
  if (topic !== "event.replay" && topic !== "event.stat") return "other";
  return message.type === MessageType.REQUEST ? "ask" : "answer";
}

function messageOf(frames: Frames): Message {
  try {
    return decodeFrames(frames);
  } catch {
    // An empty frame, which asks after a peer.
    return Message.request({ topic: "", flags: MessageFlag.NORESPONSE });
  }
}

function bundleOf(message: Message): Frames {
  let frames: Frames = [];
  const bundle = new Bundle((made) => {
    frames = made;
  });
  bundle.add(message);
  bundle.flush();
  return frames;
}

/** The in-process transport of one run of a rank, with weather on its links. */
export class WeatherTransport implements TreeTransport {
  readonly publicKey: string;
  readonly #rank: number;
  readonly #weather: Weather;
  readonly #inner: InProcessTransport;
  readonly #up = new Map<string, Lane>();
  #down: Lane | undefined;
  #link: ParentLink | undefined;
  #options: ConnectOptions | undefined;

  constructor(rank: number, weather: Weather, publicKey: string) {
    this.publicKey = publicKey;
    this.#rank = rank;
    this.#weather = weather;
    this.#inner = new InProcessTransport(weather.network, { publicKey });
  }

  listen(options: ListenOptions): Promise<ChildServer> {
    const weather = this.#weather;
    return this.#inner.listen({
      ...options,
      receive: (peer, frames) =>
        weather.carry(this.#laneOf(peer), frames, false, (taken) => options.receive(peer, taken)),
      unreachable: (peer) => {
        this.#up.get(peer)?.close();
        this.#up.delete(peer);
        options.unreachable(peer);
      },
    });
  }

  connect(options: ConnectOptions): ParentLink {
    const lane = new Lane(this.#rank);
    this.#weather.ranks.set(options.identity, this.#rank);
    this.#down = lane;
    this.#options = options;
    this.#link = this.#inner.connect({
      ...options,
      receive: (frames) => this.#weather.carry(lane, frames, true, (taken) => options.receive(taken)),
      lost: () => {
        lane.close();
        options.lost?.();
      },
    });
    return this.#link;
  }

  /** The link to the parent holds everything back, both ways, until that time. */
  freeze(until: number, above: WeatherTransport | undefined): void {
    this.#down?.freeze(until);
    if (this.#options !== undefined) above?.freezeChild(this.#options.identity, until);
  }

  /** What comes from a child is held back. */
  freezeChild(uuid: string, until: number): void {
    this.#up.get(uuid)?.freeze(until);
  }

  /** The connection to the parent ends, as when the cable is cut: what is under way is lost. */
  cut(): void {
    this.#down?.close();
    this.#link?.disconnect();
    this.#options?.lost?.();
  }

  /** Ends at once, as the end of its process would. */
  sever(): void {
    this.#down?.close();
    for (const lane of this.#up.values()) lane.close();
    this.#inner.sever();
  }

  async close(): Promise<void> {
    this.#down?.close();
    await this.#inner.close();
    for (const lane of this.#up.values()) lane.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #laneOf(peer: string): Lane {
    let lane = this.#up.get(peer);
    if (lane === undefined) {
      lane = new Lane(this.#weather.ranks.get(peer)!);
      this.#up.set(peer, lane);
    }
    return lane;
  }
}
