import { randomUUID } from "node:crypto";
import { EMPTY } from "../../src/base/index.ts";
import { handlerOf, type Reply, RequestHandlers } from "../../src/client/index.ts";
import { type JsonObject, stringifyJson } from "../../src/json/index.ts";
import {
  decodeFrames,
  encodeFrames,
  Message,
  MessageFlag,
  MessageType,
  NODEID_ANY,
  Role,
  textPayload,
} from "../../src/message/index.ts";
import {
  encodeVersion,
  type Frames,
  InProcessNetwork,
  InProcessTransport,
  Overlay,
  type OverlayClock,
  type OverlayOptions,
  type ParentLink,
  Topology,
  type TreeTransport,
} from "../../src/overlay/index.ts";
import { until } from "./until.ts";

const VERSION = encodeVersion(0, 88, 0);
const OWNER = 500;

/** A clock that stands still but for `advance`. */
export class TestClock implements OverlayClock {
  #now = 1000;
  #timers: { at: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass; timers fire in their order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = next.at;
      next.call();
    }
    this.#now = end;
  }

  /** Lets time pass in which nobody ran: timers that are due fire at its end, and only once. */
  leap(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const timer of due) {
      if (!this.#timers.includes(timer)) continue;
      this.#timers = this.#timers.filter((other) => other !== timer);
      timer.call();
    }
  }
}

/** The overlay of one rank, joined to as much of a broker as it takes to route and to keep what arrives. */
export class TestRank {
  readonly overlay: Overlay;
  readonly uuid: string = randomUUID();
  /** What arrived for this rank: requests but those of the service `overlay`, responses, events and their numbers. */
  readonly requests: Message[] = [];
  readonly responses: Message[] = [];
  readonly events: Message[] = [];
  readonly published: Message[] = [];
  readonly posted: string[] = [];
  readonly logged: string[] = [];
  readonly children: string[] = [];
  readonly #rank: number;
  readonly #handlers = new RequestHandlers();
  #seq = 0;
  readonly #reply: Reply = {
    send: (response) => {
      if (!this.overlay.respond(response)) this.responses.push(response);
    },
  };

  constructor(options: Omit<OverlayOptions, "host" | "uuid">) {
    this.#rank = options.rank;
    this.overlay = new Overlay({
      ...options,
      uuid: this.uuid,
      host: {
        request: (request) => this.route(request),
        response: (response) => {
          if (!this.overlay.respond(response)) this.responses.push(response);
        },
        event: (event) => this.events.push(event),
        publish: (event) => this.publish(event),
        post: (event, error) => this.posted.push(error ? `${event} error` : event),
        log: (level, text) => this.logged.push(`${level}: ${text}`),
        child: ({ rank, status, torpid }) =>
          this.children.push(`${rank} ${status}${torpid ? " torpid" : ""}`),
      },
    });
    for (const [method, definition] of Object.entries(this.overlay.methods)) {
      const { handler, options: access } = handlerOf(definition);
      this.#handlers.add(`overlay.${method}`, handler, access);
    }
  }

  /** Takes a request to where it is to go, as a broker does. */
  route(request: Message): void {
    const { nodeid } = request;
    const upstream = request.has(MessageFlag.UPSTREAM);
    const topic = request.topic ?? "";
    if (upstream && nodeid === this.#rank) this.#forward(request, this.overlay.toParent(request));
    else if (!upstream && nodeid !== NODEID_ANY && nodeid !== this.#rank)
      this.#forward(request, this.overlay.toRank(nodeid, request));
    else if (topic.startsWith("overlay.")) this.#handlers.dispatch(request, this.#reply);
    else this.requests.push(request);
  }

  /** Rank 0: gives an event its number. */
  publish(event: Message): void {
    event.aux1 = ++this.#seq;
    this.published.push(event);
    this.overlay.toChildren(event);
  }

  /** Sends a request as a client here, whose name is `sender`, and returns it. */
  send(topic: string, nodeid: number, options: SendOptions = {}): Message {
    const {
      flags = 0,
      payload,
      sender = "client",
      matchtag = 1,
      rolemask = Role.OWNER | Role.LOCAL,
    } = options;
    const request = Message.request({
      topic,
      nodeid,
      flags,
      matchtag,
      rolemask,
      userid: OWNER,
      payload: payload === undefined ? EMPTY : textPayload(stringifyJson(payload)),
      routes: sender === "" ? [] : [sender],
    });
    this.route(request);
    return request;
  }

  /** Answers the request that came last, or the given one. */
  answer(payload?: JsonObject, request: Message = this.requests.at(-1)!, errnum = 0): void {
    const body = payload === undefined ? undefined : textPayload(stringifyJson(payload));
    this.#reply.send(request.deriveResponse(errnum, body));
  }

  /** The payload of the response that came last. */
  get lastAnswer(): JsonObject {
    return JSON.parse(this.responses.at(-1)?.text ?? "{}");
  }

  /** Payloads of the responses, oldest first. */
  get answers(): JsonObject[] {
    return this.responses.map((response) => JSON.parse(response.text ?? "{}"));
  }

  #forward(request: Message, sent: boolean): void {
    if (!sent && !request.has(MessageFlag.NORESPONSE))
      this.#reply.send(request.deriveResponse(113, undefined));
  }
}

export interface SendOptions {
  readonly flags?: number;
  readonly payload?: JsonObject;
  readonly sender?: string;
  readonly matchtag?: number;
  readonly rolemask?: number;
}

/** The ranks of a tree, to be taken apart: those that a tree doesn't have are undefined. */
type Ranks = readonly [TestRank, TestRank, TestRank, TestRank, TestRank, TestRank, TestRank];

/** The overlays of an instance in this process. */
export class TestTree implements AsyncDisposable {
  readonly network = new InProcessNetwork();
  readonly clock = new TestClock();
  readonly topology: Topology;
  readonly ranks: TestRank[] = [];
  readonly #transports: TreeTransport[] = [];

  readonly #options: Partial<OverlayOptions>;

  constructor(scheme: string, size: number, options: Partial<OverlayOptions> = {}) {
    this.topology = Topology.of(scheme, size);
    this.#options = options;
  }

  /** All ranks joined to their parents; `options` hold for all. */
  static async open(scheme: string, size: number, options?: Partial<OverlayOptions>): Promise<TestTree> {
    const tree = new TestTree(scheme, size, options);
    for (let rank = 0; rank < size; rank++) await tree.start(rank);
    await until(() => tree.rank(0).overlay.status === "full", "status full");
    return tree;
  }

  /** Starts a rank, or starts it again, and connects it to its parent if that is there; `options` take the place of what is right. */
  async start(rank: number, options: Partial<OverlayOptions> = {}): Promise<TestRank> {
    const transport = options.transport ?? new InProcessTransport(this.network);
    const hosts = Array.from({ length: this.topology.size }, (_, i) => `host${i}`);
    const it = new TestRank({
      rank,
      topology: this.topology,
      hostname: `host${rank}`,
      hostlist: () => hosts,
      version: VERSION,
      owner: OWNER,
      transport,
      clock: this.clock,
      ...this.#options,
      ...options,
    });
    this.ranks[rank] = it;
    this.#transports.push(transport);
    const { overlay } = it;
    if (this.topology.descendants(rank) > 0) await overlay.listen([`inproc://tbon-${transport.publicKey}`]);
    const parent = this.ranks[this.topology.parent(rank) ?? -1];
    if (parent === undefined) return it;
    parent.overlay.authorize(String(rank), overlay.publicKey);
    const { publicKey } = parent.overlay;
    overlay.connect(`inproc://tbon-${publicKey}`, publicKey);
    return it;
  }

  get all(): Ranks {
    return this.ranks as readonly TestRank[] as Ranks;
  }

  rank(rank: number): TestRank {
    return this.ranks[rank]!;
  }

  /** Takes a rank off the network without a word, as a crash does. */
  async crash(rank: number): Promise<void> {
    const { publicKey } = this.rank(rank).overlay;
    await this.#transports.find((transport) => transport.publicKey === publicKey)!.close();
  }

  /** A child of rank 0 that is no overlay: what it gets is kept, what it sends is up to the test. */
  peer(identity: string = randomUUID()): TestPeer {
    return new TestPeer(this.network, this.rank(0).overlay, identity);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const rank of this.ranks.toReversed()) await rank?.overlay[Symbol.asyncDispose]();
    for (const transport of this.#transports) await transport.close();
  }
}

/** A neighbour that speaks frames. */
export class TestPeer implements AsyncDisposable {
  readonly identity: string;
  readonly received: Frames[] = [];
  readonly #transport: InProcessTransport;
  readonly #link: ParentLink;

  constructor(network: InProcessNetwork, parent: Overlay, identity: string) {
    this.identity = identity;
    this.#transport = new InProcessTransport(network);
    parent.authorize("peer", this.#transport.publicKey);
    this.#link = this.#transport.connect({
      uri: `inproc://tbon-${parent.publicKey}`,
      serverKey: parent.publicKey,
      identity,
      receive: (frames) => this.received.push(frames),
    });
  }

  send(...frames: Uint8Array[]): void {
    this.#link.send(frames);
  }

  /** Says hello as `rank` with what else is in the payload, and gives the response. */
  async hello(fields: JsonObject, rolemask: number = Role.OWNER, flags = 0): Promise<Message> {
    const { identity: uuid } = this;
    const hello = { rank: 1, version: VERSION, uuid, status: 1, hostname: "host1", ...fields };
    const payload = textPayload(stringifyJson(hello));
    const request = Message.request({ topic: "overlay.hello", payload, rolemask, flags });
    this.sendMessage(request);
    await until(() => this.received.length > 0, "an answer to the hello");
    return this.message(-1);
  }

  sendMessage(message: Message): void {
    this.send(...encodeFrames(message));
  }

  /** A message that was received, by its place. */
  message(index: number): Message {
    return decodeFrames(this.received.at(index)!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport.close();
  }
}

/** Frames as texts, those that are no text as hex digits. */
export function wire(frames: Frames | undefined): string[] {
  return (frames ?? []).map((frame) => {
    const isHeader = frame.length === 20 && frame[0] === 0x8e;
    if (isHeader)
      return Buffer.from(frame)
        .toString("hex")
        .replace(/.{8}(?=.)/g, "$& ");
    return Buffer.from(frame).toString();
  });
}

/** The type of each message: what the control messages are, the topic of the others. */
export function kinds(messages: readonly Message[]): string[] {
  return messages.map((message) =>
    message.type === MessageType.CONTROL ? `control ${message.aux1}` : (message.topic ?? ""),
  );
}
