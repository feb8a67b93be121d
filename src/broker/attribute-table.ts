import { FluxError } from "../base/index.ts";

/** May it change: at run time, only with force, or never. */
export type Mutability = "runtime" | "forced" | "immutable";

/** An attribute name, or a glob of them, and whether it may change. */
interface Registration {
  readonly pattern: string;
  readonly mutability: Mutability;
}

const IMMUTABLE =
  "rank size rundir-cleanup statedir-cleanup security.owner local-uri parent-uri instance-level jobid jobid-path parent-kvs-namespace hostlist " +
  "hostname broker.mapping broker.critical-ranks broker.boot-method broker.pid broker.quorum broker.quorum-warn broker.shutdown-warn " +
  "broker.shutdown-timeout broker.starttime broker.sd-stop-timeout broker.uuid config.path tbon.interface-hint content.hash log-ring-size " +
  "log-forward-level log-critical-level log-syslog-enable log-syslog-level log-stderr-mode log-level vendor.* test-im.*";
const FORCED =
  "version rundir statedir log-filename tbon.topo tbon.descendants tbon.level tbon.maxlevel tbon.endpoint tbon.parent-endpoint tbon.* " +
  "broker.rc1_path broker.rc3_path broker.* conf.* content.* test-nr.* test-ro.*";
const RUNTIME = "log-stderr-level test.* test-rd.*";

const REGISTERED: readonly Registration[] = [
  ...IMMUTABLE.split(" ").map((pattern): Registration => ({ pattern, mutability: "immutable" })),
  ...RUNTIME.split(" ").map((pattern): Registration => ({ pattern, mutability: "runtime" })),
  ...FORCED.split(" ").map((pattern): Registration => ({ pattern, mutability: "forced" })),
];

/** The attributes of a broker: names from a fixed register, text values. Source: flux_attr_get(3), flux-broker-attributes(7). */
export class AttributeTable {
  readonly #values = new Map<string, string>();

  constructor(values: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(values)) this.#values.set(name, value);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  names(): string[] {
    return [...this.#values.keys()];
  }

  /** True when the value never changes, so that clients may keep it. */
  isImmutable(name: string): boolean {
    return registrationOf(name)?.mutability === "immutable";
  }

  /** Sets a value whoever may: for the broker itself. */
  define(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /**
   * Sets a value for a client.
   * @throws FluxError ENOENT for a name that is not registered; EINVAL for one that may not be changed at run time, EPERM with force.
   */
  set(name: string, value: string, force: boolean): void {
    const registration = registrationOf(name);
    if (registration === undefined) throw new FluxError("ENOENT", "unknown attribute");
    if (this.#values.has(name) && registration.mutability !== "runtime") {
      if (!force) throw new FluxError("EINVAL", "attribute may not be updated");
      if (registration.mutability === "immutable") throw new FluxError("EPERM");
    }
    this.#values.set(name, value);
  }

  /** Removes an attribute; one that is not there is no error. Throws EPERM for one that never changes. */
  remove(name: string): void {
    if (!this.#values.has(name)) return;
    if (this.isImmutable(name)) throw new FluxError("EPERM");
    this.#values.delete(name);
  }
}

function registrationOf(name: string): Registration | undefined {
  return REGISTERED.find(({ pattern }) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}
