import { FluxError, ownText } from "../base/index.ts";
import { type Credential, Role, serviceOf, utf8Fits } from "../message/index.ts";

/** Longest name of a service, in bytes: with a method it has to fit the topic of a disconnect request. */
export const NAME_MAX = 255;
/** Most topics whose provider is remembered, and the longest of them in UTF-16 units: half a MiB at most. */
export const MAX_PROVIDERS = 4096;
export const LONGEST_TOPIC = 128;

/** Who provides which service on this rank. Names are unique; what has no dot is a name. */
export class ServiceTable<E> {
  readonly #endpoints = new Map<string, E>();
  /** Names by endpoint: one may have very many, which others are not to pay for. */
  readonly #names = new Map<E, Set<string>>();
  /** Endpoints by topic, as far as they were asked for since the last change. */
  readonly #providers = new Map<string, E>();

  get(name: string): E | undefined {
    return this.#endpoints.get(name);
  }

  /** Who provides the service of a topic: the name before its first dot. */
  provider(topic: string): E | undefined {
    const known = this.#providers.get(topic);
    if (known !== undefined) return known;
    const endpoint = this.#endpoints.get(serviceOf(topic));
    if (endpoint === undefined || topic.length > LONGEST_TOPIC) return endpoint;
    if (this.#providers.size >= MAX_PROVIDERS) this.#providers.clear();
    this.#providers.set(topic, endpoint);
    return endpoint;
  }

  /** Names of the services of an endpoint, in the order of their registration. */
  namesOf(endpoint: E): string[] {
    return [...(this.#names.get(endpoint) ?? [])];
  }

  /**
   * Registers a name.
   * @throws FluxError EINVAL for one that is empty, has a dot or is over 255 bytes, EPERM for a guest's that lacks its user id and a dash in front,
   *   EEXIST for one that is taken.
   */
  add(name: string, endpoint: E, credential: Credential): void {
    if (name === "" || !utf8Fits(name, NAME_MAX) || name.includes(".")) throw new FluxError("EINVAL");
    if ((credential.rolemask & Role.OWNER) === 0 && !name.startsWith(`${credential.userid}-`))
      throw new FluxError("EPERM");
    if (this.#endpoints.has(name)) throw new FluxError("EEXIST");
    const kept = ownText(name);
    this.#endpoints.set(kept, endpoint);
    const names = this.#names.get(endpoint);
    if (names === undefined) this.#names.set(endpoint, new Set([kept]));
    else names.add(kept);
    this.#providers.clear();
  }

  /** Takes a name back. Throws ENOENT unless `endpoint` has it. */
  remove(name: string, endpoint: E): void {
    if (this.#endpoints.get(name) !== endpoint) throw new FluxError("ENOENT");
    this.#endpoints.delete(name);
    const names = this.#names.get(endpoint);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(endpoint);
    this.#providers.clear();
  }

  /** Takes all names of an endpoint back. */
  removeAll(endpoint: E): void {
    for (const name of this.namesOf(endpoint)) this.remove(name, endpoint);
  }
}
