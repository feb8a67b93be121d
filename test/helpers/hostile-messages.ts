import {
  decodeFrames,
  encodeFrames,
  MATCHTAG_NONE,
  Message,
  NODEID_ANY,
  Role,
} from "../../src/message/index.ts";
import { isBundle, readBundle } from "../../src/overlay/bundle.ts";
import type { Frames } from "../../src/overlay/index.ts";
import type { Random } from "./message-fuzz.ts";

export interface HostileOptions {
  readonly random: Random;
  /** Names of brokers, of which some stand on forged route stacks. */
  readonly uuids: readonly string[];
  /** Types of control messages besides those that nobody knows. */
  readonly controls: readonly (readonly [type: number, status: number])[];
  /** False for a message that would rightly end the connection: it is not sent, whatever it was made by. */
  readonly isHarmless?: ((message: Message) => boolean) | undefined;
}

/** What a broker answers with an error or a little: nothing that ends or changes an instance, and nothing that is much by right, as a replay is. */
const TOPICS = [
  "broker.ping",
  "overlay.health",
  "overlay.stats-get",
  "overlay.topology",
  "overlay.monitor",
  "overlay.hello",
  "overlay.trace",
  "attr.get",
  "event.stat",
  "groups.get",
  "state-machine.get",
  "config.get",
  "service.add",
  "event.subscribe",
  "log.append",
  "nobody.home",
  "nobody",
  "",
  ".",
  "a.b.cancel",
];
const NUMBERS = [0, 1, 2, 3, 9, 255, 65_535, 0x7fffffff, 0x80000000, 0xfffffffe, NODEID_ANY];
const PAYLOADS = [
  "{}\0",
  '{"rank":1}\0',
  '{"name":"rank"}\0',
  '{"rank":"one","uuid":7}\0',
  "[]\0",
  "{",
  "\0\0\0",
  '{"topic":"x","flags":0}\0',
  '{"seq":4294967295,"epoch":-1,"first":1e308}\0',
];
const WORDS = ["\0", "\u{1f4a5}", "\r\nforged line", "../..", "%s%n", "__proto__", "-1", "é".repeat(70)];

/** The messages that a broker would read in some frames; none when it would drop them. */
function messagesOf(frames: Frames): readonly Message[] {
  try {
    return isBundle(frames) ? readBundle(frames) : [decodeFrames(frames)];
  } catch {
    return [];
  }
}

/** Messages as a broker with the certificate of an instance may send them, which means no good: by a seed. */
export class HostileMessages {
  readonly #options: HostileOptions;

  constructor(options: HostileOptions) {
    this.#options = options;
  }

  /** The frames of the next message of the transport. */
  next(): Frames {
    const { isHarmless } = this.#options;
    for (;;) {
      const frames = this.#make();
      if (isHarmless === undefined || messagesOf(frames).every(isHarmless)) return frames;
    }
  }

  #make(): Frames {
    const dice = this.#options.random(100);
    if (dice < 35) return this.#bundle();
    const frames = encodeFrames(this.#message());
    if (dice < 70) return frames;
    return this.#damage(frames.map((frame) => Uint8Array.from(frame)));
  }

  /** A message that decodes. */
  #message(): Message {
    const { random, controls } = this.#options;
    const fields = {
      topic: random(20) === 0 ? undefined : this.#topic(),
      payload: this.#payload(),
      flags: random(256),
      userid: this.#number(),
      rolemask: this.#one([Role.OWNER, Role.USER, Role.OWNER | Role.LOCAL, this.#number()]),
      routes: random(12) === 0 ? null : this.#routes(),
    };
    const matchtag = this.#one([MATCHTAG_NONE, 1, 2, this.#number()]);
    switch (random(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Message.request({ ...fields, nodeid: this.#number(), matchtag });
      case 4:
      case 5:
      case 6:
        return Message.response({ ...fields, errnum: this.#one([0, 1, 113, this.#number()]), matchtag });
      case 7:
      case 8:
        return Message.event({ ...fields, seq: this.#number() });
      default: {
        const [controlType, status] =
          random(2) === 0 && controls.length > 0 ? this.#one(controls) : [3 + random(9), this.#number()];
        return Message.control({ controlType, status });
      }
    }
  }

  #bundle(): Frames {
    const { random } = this.#options;
    const bytes = Buffer.concat(Array.from({ length: 1 + random(6) }, () => this.#message().encode()));
    switch (random(6)) {
      case 0:
        return [bytes.subarray(0, 4 + random(bytes.length))];
      case 1:
        bytes[4 + random(bytes.length - 4)] = random(256);
        return [bytes];
      case 2:
        bytes.writeUInt32BE(this.#number(), 4);
        return [bytes];
      default: {
        const cut = random(bytes.length);
        return random(2) === 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)];
      }
    }
  }

  #damage(frames: Uint8Array[]): Frames {
    const { random } = this.#options;
    const at = random(frames.length);
    const frame = frames[at]!;
    switch (random(8)) {
      case 0:
        frames.splice(at, 1);
        break;
      case 1:
        frames.splice(at, 0, new Uint8Array(random(30)));
        break;
      case 2:
        frames[at] = frame.subarray(0, random(frame.length + 1));
        break;
      case 3:
        if (frame.length > 0) frame[random(frame.length)] = random(256);
        break;
      case 4:
        frames.reverse();
        break;
      case 5:
        frames.push(frames[0]!);
        break;
      case 6: {
        const header = frames.at(-1)!;
        header[random(header.length)] = random(256);
        break;
      }
      default:
        return [new Uint8Array(random(64))];
    }
    return frames;
  }

  #topic(): string {
    const { random } = this.#options;
    if (random(40) === 0) return "t".repeat(random(40_000));
    if (random(10) === 0) return `x.${this.#one(WORDS).replaceAll("\0", "")}`;
    return this.#one(TOPICS);
  }

  #payload(): Uint8Array | undefined {
    const { random } = this.#options;
    const dice = random(50);
    if (dice === 0) return new Uint8Array(random(100_000)).fill(0x61);
    return dice < 15 ? undefined : new TextEncoder().encode(this.#one(PAYLOADS));
  }

  #routes(): string[] {
    const { random, uuids } = this.#options;
    const count = random(60) === 0 ? random(400) : random(4);
    return Array.from({ length: count }, () =>
      uuids.length > 0 && random(3) > 0 ? this.#one(uuids) : this.#one(WORDS),
    );
  }

  #number(): number {
    return this.#options.random(3) === 0 ? this.#options.random(0x1_0000_0000) : this.#one(NUMBERS);
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#options.random(choices.length)]!;
  }
}
