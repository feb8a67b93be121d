import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AttributeTable } from "../../src/broker/index.ts";
import { openConfig } from "../../src/config/index.ts";
import { bootstrap } from "../../src/instance/bootstrap.ts";
import { type Boot, Instance } from "../../src/instance/index.ts";
import { decodeFrames, type Message, MessageType } from "../../src/message/index.ts";
import {
  type ChildServer,
  type ConnectOptions,
  type Frames,
  type ListenOptions,
  type ParentLink,
  type TreeTransport,
  ZeroMqTransport,
} from "../../src/overlay/index.ts";

/**
 * A rank of an instance of processes that runs in this one, and which events of its parent do not reach: over ZeroMQ, as the others, its neighbours may be
 * flux-core's. Its folder is one that `BrokerProcesses` has configured.
 */
export class LossyRank implements AsyncDisposable {
  /** Says of each event of the parent whether it is lost on its way. */
  lose: (event: Message) => boolean = () => false;
  /** Events that were lost. */
  lost = 0;
  /** Topics of the requests that were sent to the parent. */
  readonly asked: string[] = [];
  /** Lines of its log. */
  readonly said: string[] = [];
  #instance: Instance | undefined;

  /** Starts the rank; resolves as `Instance.start` does. */
  static async start(folder: string, rank: number): Promise<LossyRank> {
    const lossy = new LossyRank();
    const rundir = join(folder, `run-${rank}`);
    mkdirSync(rundir, { mode: 0o700 });
    const hostname = `fake${rank}`;
    const config = await openConfig({ path: join(folder, "conf.toml") });
    const boot = async (): Promise<Boot> => {
      const found = await bootstrap({ env: {}, methods: "config", config: config.current, hostname });
      const transport = await ZeroMqTransport.open({ keys: found.table!.cert });
      const { bind } = found.table!.hosts[rank]!;
      return { ...found, carrier: { uri: bind!, open: () => new LossyTransport(transport, lossy) } };
    };
    const attributes = new AttributeTable({
      hostname,
      rundir,
      "local-uri": `local://${folder}/local-${rank}`,
      // So that an event is a message of its own.
      "tbon.bundles": "0",
      "broker.rc1_path": "",
      "broker.rc3_path": "",
      "log-stderr-mode": "local",
      "log-stderr-level": "7",
    });
    lossy.#instance = await Instance.start({
      config,
      boot: { boot },
      env: { PATH: process.env["PATH"] },
      printLog: (line) => lossy.said.push(line),
      attributes,
    });
    return lossy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#instance?.stop();
  }
}

class LossyTransport implements TreeTransport {
  readonly publicKey: string;
  readonly #transport: TreeTransport;
  readonly #rank: LossyRank;

  constructor(transport: TreeTransport, rank: LossyRank) {
    this.publicKey = transport.publicKey;
    this.#transport = transport;
    this.#rank = rank;
  }

  listen(options: ListenOptions): Promise<ChildServer> {
    return this.#transport.listen(options);
  }

  connect(options: ConnectOptions): ParentLink {
    const rank = this.#rank;
    const receive = (frames: Frames): void => {
      const message = decodeFrames(frames);
      if (message.type === MessageType.EVENT && rank.lose(message)) rank.lost++;
      else options.receive(frames);
    };
    const link = this.#transport.connect({ ...options, receive });
    return {
      get stats() {
        return link.stats;
      },
      send(frames) {
        const { type, topic } = decodeFrames(frames);
        if (type === MessageType.REQUEST && topic !== undefined) rank.asked.push(topic);
        link.send(frames);
      },
      disconnect: () => link.disconnect(),
    };
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
