import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InProcessNetwork } from "../../src/overlay/in-process-network.ts";
import { InProcessTransport } from "../../src/overlay/in-process-transport.ts";
import type {
  ChildServer,
  Frames,
  ListenOptions,
  ParentLink,
  TreeTransport,
} from "../../src/overlay/transport.ts";
import { ZeroMqTransport } from "../../src/overlay/zeromq-transport.ts";
import { until } from "./until.ts";

export interface TransportSettings {
  readonly maxQueuedBytes?: number;
  readonly handshakeTimeoutMs?: number;
  log?(level: string, text: string): void;
}

/** A kind of transport, and fresh places to listen at. */
export interface TransportKind extends AsyncDisposable {
  uri(): string;
  open(settings?: TransportSettings): Promise<TreeTransport>;
}

/** All kinds, by name. */
export const TRANSPORT_KINDS: Readonly<Record<string, () => Promise<TransportKind>>> = {
  "in process": async () => {
    const network = new InProcessNetwork();
    let count = 0;
    return {
      uri: () => `inproc://place-${count++}`,
      open: async (settings = {}) => new InProcessTransport(network, settings),
      [Symbol.asyncDispose]: async () => {},
    };
  },
  "zeromq ipc": async () => {
    const directory = await mkdtemp(join(tmpdir(), "flux-"));
    let count = 0;
    return {
      uri: () => `ipc://${directory}/tbon-${count++}`,
      open: (settings) => ZeroMqTransport.open(settings),
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
    };
  },
  "zeromq tcp": async () => ({
    uri: () => "tcp://127.0.0.1:*",
    open: (settings) => ZeroMqTransport.open(settings),
    [Symbol.asyncDispose]: async () => {},
  }),
};

/** Listens, and keeps what comes. */
export class TestServer {
  readonly received: { readonly peer: string; readonly frames: Frames }[] = [];
  readonly unreachable: string[] = [];
  server!: ChildServer;

  static async listen(
    transport: TreeTransport,
    uri: string,
    options: Partial<ListenOptions> = {},
  ): Promise<TestServer> {
    const it = new TestServer();
    it.server = await transport.listen({
      uris: [uri],
      receive: (peer, frames) => it.received.push({ peer, frames }),
      unreachable: (peer) => it.unreachable.push(peer),
      ...options,
    });
    return it;
  }

  get uri(): string {
    return this.server.endpoints[0]!;
  }

  /** Texts of the first frames, in order; of one peer when it is given. */
  texts(peer?: string): string[] {
    return this.received.filter((it) => peer === undefined || it.peer === peer).map((it) => text(it.frames));
  }
}

/** A transport that is somebody's child, and keeps what comes. */
export class TestChild {
  readonly received: Frames[] = [];
  readonly transport: TreeTransport;
  link!: ParentLink;
  /** How often it heard that its connection ended. */
  lost = 0;

  private constructor(transport: TreeTransport) {
    this.transport = transport;
  }

  /** Connects with the right keys, authorized unless `stranger`; resolves when a message has gone up and one down. */
  static async join(
    kind: TransportKind,
    parent: TreeTransport,
    server: TestServer,
    identity: string,
    settings?: TransportSettings,
  ): Promise<TestChild> {
    const child = new TestChild(await kind.open(settings));
    server.server.authorize(identity, child.transport.publicKey);
    child.connect(server.uri, parent.publicKey, identity);
    child.link.send(frames("hello"));
    await until(() => server.texts(identity).includes("hello"), `hello of ${identity}`);
    server.server.send(identity, frames("welcome"));
    await until(() => child.texts().includes("welcome"), `welcome to ${identity}`);
    server.received.length = 0;
    child.received.length = 0;
    return child;
  }

  /** One that only opens its transport. */
  static async open(kind: TransportKind, settings?: TransportSettings): Promise<TestChild> {
    return new TestChild(await kind.open(settings));
  }

  connect(uri: string, serverKey: string, identity: string): void {
    this.link = this.transport.connect({
      uri,
      serverKey,
      identity,
      receive: (frames) => this.received.push(frames),
      lost: () => this.lost++,
    });
  }

  texts(): string[] {
    return this.received.map(text);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.transport.close();
  }
}

/** A message of text frames. */
export function frames(...texts: string[]): Frames {
  return texts.map((it) => new TextEncoder().encode(it));
}

function text(message: Frames): string {
  return new TextDecoder().decode(message[0]);
}

/** `0` to `count - 1`, as texts. */
export function numbers(count: number, start = 0): string[] {
  return Array.from({ length: count }, (_, i) => String(start + i));
}
