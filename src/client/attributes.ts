import { FluxError } from "../base/index.ts";
import type { JsonObject } from "../json/index.ts";
import type { CallOptions } from "./options.ts";

/** How the attributes ask the broker. */
export type Ask = (
  topic: string,
  payload: JsonObject | undefined,
  options: CallOptions,
) => Promise<JsonObject | undefined>;

const IMMUTABLE = 1;

/** Attributes of the broker this handle is connected to. Those that can't change are asked for once. Source: flux_attr_get(3). */
export class Attributes {
  readonly #ask: Ask;
  readonly #remote: string | undefined;
  readonly #cache = new Map<string, string>();

  /** `remote` is the `[user@]host` behind a proxy, from which `parent-uri` is local. */
  constructor(ask: Ask, remote: string | undefined) {
    this.#ask = ask;
    this.#remote = remote;
  }

  /** The value of an attribute. Throws ENOENT for one that has none. */
  async get(name: string, options: CallOptions = {}): Promise<string> {
    const known = this.#cache.get(name);
    if (known !== undefined) return known;
    const response = (await this.#ask("attr.get", { name }, options)) ?? {};
    if (typeof response["value"] !== "string")
      throw new FluxError("EPROTO", "response to attr.get has no value", { topic: "attr.get" });
    const value = name === "parent-uri" ? this.#reachable(response["value"]) : response["value"];
    if ((Number(response["flags"]) & IMMUTABLE) !== 0) this.#cache.set(name, value);
    return value;
  }

  /**
   * Sets an attribute; `force` also where it may not be changed at run time.
   * @throws FluxError ENOENT for an unknown name, EINVAL or EPERM for one that can't be set, EPERM for guests.
   */
  async set(
    name: string,
    value: string,
    options: CallOptions & { readonly force?: boolean } = {},
  ): Promise<void> {
    await this.#ask(
      "attr.set",
      options.force === true ? { name, value, force: true } : { name, value },
      options,
    );
  }

  /** Removes an attribute; one that is not there is no error. Throws EPERM for one that can't be changed. */
  async remove(name: string, options: CallOptions = {}): Promise<void> {
    await this.#ask("attr.rm", { name }, options);
  }

  /** Names of all attributes, sorted. */
  async list(options: CallOptions = {}): Promise<string[]> {
    const { names } = (await this.#ask("attr.list", undefined, options)) ?? {};
    if (!Array.isArray(names))
      throw new FluxError("EPROTO", "response to attr.list has no names", { topic: "attr.list" });
    return names.map(String).sort();
  }

  /** A URI of the broker's host, as it is reached from here. */
  #reachable(uri: string): string {
    if (this.#remote === undefined || !uri.startsWith("local://")) return uri;
    return `ssh://${this.#remote}${uri.slice("local://".length)}`;
  }

  /** Takes values for known without asking: a broker tells its modules those that never change. */
  prime(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) this.#cache.set(name, value);
  }

  /** Forgets what it knows: the broker may be another one. */
  clear(): void {
    this.#cache.clear();
  }
}
