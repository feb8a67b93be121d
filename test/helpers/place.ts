import { Broker } from "../../src/broker/index.ts";
import { FluxCoreInstance } from "../../src/testing/index.ts";
import { BROKER } from "./instance.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** A place where brokers of the suite come and go on one socket path. */
export class Place implements AsyncDisposable {
  readonly path: string;
  readonly uri: string;
  readonly #folder: TemporaryFolder;
  #end: (() => Promise<void>) | undefined;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.path = folder.of("local-0");
    this.uri = `local://${this.path}`;
  }

  /** A new place, with a broker. */
  static async create(): Promise<Place> {
    const place = new Place(await TemporaryFolder.make());
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
    await this.#folder[Symbol.asyncDispose]();
  }
}
