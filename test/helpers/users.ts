import type { Flux } from "../../src/client/index.ts";
import type { ConnectOptions } from "../../src/connect/index.ts";
import { TestInstance, type TestInstanceOptions } from "../../src/testing/index.ts";
import { RawClient } from "./raw-client.ts";

/** User id the instances of `Users` belong to. */
export const OWNER = process.getuid?.() ?? 0;
/** A user id that is not the owner's. */
export const GUEST = OWNER + 4242;

/** An instance to which anyone connects as the user the test names: what the kernel would say is put in its place. */
export class Users implements AsyncDisposable {
  readonly instance: TestInstance;
  readonly #next: { userid: number };

  private constructor(instance: TestInstance, next: { userid: number }) {
    this.instance = instance;
    this.#next = next;
  }

  static async start(options: TestInstanceOptions = { allowGuests: true }): Promise<Users> {
    const next = { userid: OWNER };
    const readPeer = () => ({ pid: process.pid, userid: next.userid });
    return new Users(await TestInstance.start({ ...options, readPeer }), next);
  }

  /** A handle of the user `userid`; closed with the instance. */
  async connect(userid: number, options: ConnectOptions = {}): Promise<Flux> {
    this.#next.userid = userid;
    return this.instance.connect(options);
  }

  /** A raw connection of the user `userid`. */
  async raw(userid: number): Promise<RawClient> {
    this.#next.userid = userid;
    return RawClient.connect(this.instance.uri);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance.stop();
  }
}
