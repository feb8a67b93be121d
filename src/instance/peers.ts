import { FluxError } from "../base/index.ts";
import type { BootstrapTable } from "../config/index.ts";
import { type BusinessCard, decodeCard, encodeCard } from "./business-card.ts";
import type { PmiSimple } from "./pmi-simple.ts";

/** Where the brokers of an instance leave their business cards for one another. */
export interface Peers {
  /** Leaves the card of this broker. */
  put(card: BusinessCard): Promise<void>;
  /** The card of a rank. Throws ENOENT when there is none. */
  get(rank: number): Promise<BusinessCard>;
  /** The hosts of all ranks as a hostlist, where that is less work than to look at all cards; behind the first barrier. */
  hostlist?(): Promise<string>;
  /** Resolves when all brokers have come here. */
  barrier(): Promise<void>;
}

/** The key space of a process manager. */
export class PmiPeers implements Peers {
  readonly #pmi: PmiSimple;

  constructor(pmi: PmiSimple) {
    this.#pmi = pmi;
  }

  put(card: BusinessCard): Promise<void> {
    return this.#pmi.put(String(this.#pmi.rank), encodeCard(card));
  }

  async get(rank: number): Promise<BusinessCard> {
    const text = await this.#pmi.get(String(rank));
    if (text === undefined) throw new FluxError("ENOENT", `rank ${rank} has left no business card`);
    return decodeCard(text);
  }

  barrier(): Promise<void> {
    return this.#pmi.barrier();
  }
}

/** The table `[bootstrap]`, in which all cards stand already; all brokers share one pair of keys. */
export class ConfigPeers implements Peers {
  readonly #table: BootstrapTable;
  readonly #publicKey: string | undefined;

  constructor(table: BootstrapTable, publicKey: string | undefined) {
    this.#table = table;
    this.#publicKey = publicKey;
  }

  async put(): Promise<void> {}

  async get(rank: number): Promise<BusinessCard> {
    const entry = this.#table.hosts[rank];
    if (entry === undefined) throw new FluxError("ENOENT", `rank ${rank} is not in the table [bootstrap]`);
    const uris = entry.connect === undefined ? [] : [entry.connect];
    return { host: entry.host, uris, publicKey: this.#publicKey };
  }

  async barrier(): Promise<void> {}
}
