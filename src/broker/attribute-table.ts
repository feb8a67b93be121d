import { FluxError } from "../base/index.ts";
import { attributeFlags, attributeRedirect } from "./attribute-register.ts";

/**
 * The attributes of a broker: names from a fixed register, text values. An attribute without a value is listed, and clients who ask for it
 * get ENOENT.
 *
 * Owner: who made it. The instance fills one before its broker is there, and gives it to the broker.
 * Source: flux_attr_get(3), flux-broker-attributes(7).
 */
export class AttributeTable {
  readonly #values = new Map<string, string | undefined>();

  constructor(values: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(values)) this.define(name, value);
  }

  /** The value; undefined for an attribute that is not there or has none. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** True for an attribute that is there, with a value or without. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The names there are, those without a value too, in the order they came. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  /** True when the value never changes, so that clients may keep it. */
  isImmutable(name: string): boolean {
    return attributeFlags(name)?.immutable === true;
  }

  /** The values that never change, by name. */
  lasting(): Record<string, string> {
    const entries: [string, string][] = [];
    for (const [name, value] of this.#values) {
      if (value !== undefined && this.isImmutable(name)) entries.push([name, value]);
    }
    return Object.fromEntries(entries);
  }

  /** Sets a value, or none, for the broker itself: any name, any time. */
  define(name: string, value: string | undefined): void {
    this.#values.set(name, value);
  }

  /** Sets a value for the broker itself unless the attribute is there already. */
  defineDefault(name: string, value: string | undefined): void {
    if (!this.has(name)) this.define(name, value);
  }

  /**
   * Sets an attribute for the command line of a broker.
   * @throws FluxError ENOENT for a name that is not registered, EINVAL for one the broker finds out itself, EPERM for one that never changes
   *   and was set before. The text is what flux-broker(1) says behind `NAME: `.
   */
  setAtStart(name: string, value: string | undefined): void {
    const flags = attributeFlags(name);
    if (flags === undefined) throw new FluxError("ENOENT", "unknown attribute");
    if (flags.readonly) throw new FluxError("EINVAL", "attribute may not be set on the command line");
    this.#update(name, value);
  }

  /**
   * Says whether a client may set a value, before it is set. A name that is registered and not there yet may be set by anybody.
   * @returns the topic of who decides on the value, unless it is forced; undefined when nobody else does
   * @throws FluxError ENOENT for a name that is not registered, EINVAL for an update of one that may not change at run time without force
   */
  checkSet(name: string, force: boolean): string | undefined {
    const flags = attributeFlags(name);
    if (flags === undefined) throw new FluxError("ENOENT", "unknown attribute");
    if (this.has(name) && !force && !flags.runtime) {
      throw new FluxError("EINVAL", "attribute may not be updated");
    }
    return force ? undefined : attributeRedirect(name);
  }

  /**
   * Sets a value for a client.
   * @throws FluxError as `checkSet` does; EPERM for one that never changes.
   */
  set(name: string, value: string, force: boolean): void {
    this.checkSet(name, force);
    this.#update(name, value);
  }

  /** Removes an attribute; one that is not there is no error. Throws EPERM for one that never changes. */
  remove(name: string): void {
    if (!this.has(name)) return;
    if (this.isImmutable(name)) throw new FluxError("EPERM");
    this.#values.delete(name);
  }

  #update(name: string, value: string | undefined): void {
    if (this.has(name) && this.isImmutable(name)) throw new FluxError("EPERM");
    this.#values.set(name, value);
  }
}
