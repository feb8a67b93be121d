import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker } from "../../src/broker/index.ts";
import { FluxCoreInstance } from "../../src/testing/index.ts";
import { BROKER } from "./instance.ts";

/** A place where brokers of the suite come and go on one socket path. */
export class Place implements AsyncDisposable {
  readonly path: string;
  readonly uri: string;
  readonly #directory: string;
  #end: (() => Promise<void>) | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "local-0");
    this.uri = `local://${this.path}`;
  }

  /** A new place, with a broker. */
  static async create(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), "flux-")));
    await place.start();
    return place;
  }

  async start(): Promise<void> {
    if (BROKER === "flux-core") {
      const instance = await FluxCoreInstance.start({ attributes: { "local-uri": this.uri } });
      this.#end = () => instance.halt();
    } else {
      const broker = await Broker.start({ socketPath: this.path });
      this.#end = () => broker.stop();
    }
  }

  async stop(): Promise<void> {
    await this.#end?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
