import { setTimeout as delay } from "node:timers/promises";
import type { Flux, Service } from "../../../src/client/index.ts";
import { connect } from "../../../src/connect/index.ts";
import { Role } from "../../../src/message/index.ts";
import { Flag, type RawMessage, Type, textOf } from "./frame.ts";
import { OWNER } from "./guest.ts";
import { asUser, RawConnection, TimeIsUp } from "./raw-connection.ts";
import { LURE, OWNER_LIBRARY_SERVICE, OWNER_SERVICE } from "./topics.ts";

/** Pause between two rounds of what the owner does, in milliseconds. */
const PAUSE_MS = 40;
/** How long the owner's service takes to answer: guests have the time to answer in its place. */
const SERVE_MS = 10;
/** How often a connection that is refused is tried again, and the pause between, in milliseconds: more than `connect` does. */
const CONNECT_RETRIES = 10;
const RETRY_MS = 60;
const ANSWER_MS = 20_000;
const RUN_EVERY_MS = 1000;
const RANK = '{"value":"0","flags":1}';
const MOST_FAULTS = 20;

export interface OwnerOptions {
  /** Path of the broker's socket. */
  readonly path: string;
  /** Ranks of the instance. */
  readonly ranks: number;
  /** A process is run once a second, whether that succeeds or not, until `end` asks for one that has to. */
  readonly runs: boolean;
}

/**
 * What an owner has at a broker and must not lose: services that answer, one of them this project's client, events in order, records in the log, new
 * connections, processes. It uses them all the time and notes what fails.
 */
export class Owner {
  /** What went wrong since `begin`, one of each sort. */
  readonly #faults = new Map<string, string>();
  readonly #path: string;
  readonly #ranks: number;
  readonly #service: RawConnection;
  readonly #caller: RawConnection;
  readonly #subscriber: RawConnection;
  readonly #publisher: RawConnection;
  readonly #flux: Flux;
  readonly #shop: Service;
  readonly #loops: Promise<void>[] = [];
  #isClosed = false;
  /** Number of the latest event that was published, and of the latest that was received. */
  #published = 0;
  #seen = 0;
  #record = 0;
  #lured = 0;

  private constructor(
    options: OwnerOptions,
    connections: readonly RawConnection[],
    flux: Flux,
    shop: Service,
  ) {
    this.#path = options.path;
    this.#ranks = options.ranks;
    const [service, caller, subscriber, publisher] = connections;
    this.#service = service!;
    this.#caller = caller!;
    this.#subscriber = subscriber!;
    this.#publisher = publisher!;
    this.#flux = flux;
    this.#shop = shop;
  }

  static async start(options: OwnerOptions): Promise<Owner> {
    const { path, runs } = options;
    const connections: RawConnection[] = [];
    for (let i = 0; i < 4; i++) connections.push(await RawConnection.open(path, OWNER));
    const flux = await asUser(OWNER, () => connect(`local://${path}`, { env: {} }));
    const shop = await flux.serve(OWNER_LIBRARY_SERVICE, {
      price: { allow: Role.USER, answer: () => ({ n: 7 }) },
    });
    const owner = new Owner(options, connections, flux, shop);
    owner.#serve();
    await owner.#service.ask("service.add", { service: OWNER_SERVICE });
    await owner.#follow();
    for (const loop of [owner.#call, owner.#publish, owner.#reconnect])
      owner.#loops.push(owner.#repeat(loop));
    if (runs) owner.#loops.push(owner.#repeat(owner.#tryRun));
    return owner;
  }

  /** A round begins: what comes now counts, and there is a record that has to stay. */
  async begin(): Promise<void> {
    this.#faults.clear();
    const record = `<48>1 2026-11-22T02:33:46.121000Z 0 owner 1 - - precious ${++this.#record}`;
    await this.#publisher
      .ask("log.append", Buffer.from(record))
      .catch((error: unknown) => this.#fault(error));
  }

  /** A round is over: all is asked for once more. Resolves to what went wrong. */
  async end(): Promise<readonly string[]> {
    const steps = [this.#call, this.#reconnect, this.#events, this.#log, this.#run];
    for (const step of steps)
      try {
        await step.call(this);
      } catch (error) {
        this.#fault(error);
      }
    return [...this.#faults.values()];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const connection of [this.#service, this.#caller, this.#subscriber, this.#publisher])
      connection.destroy();
    await this.#shop.close().catch(() => {});
    await this.#flux.close().catch(() => {});
    await Promise.all(this.#loops);
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#isClosed) {
      try {
        await step.call(this);
      } catch (error) {
        if (this.#isClosed) return;
        this.#fault(error);
        await delay(10 * PAUSE_MS);
      }
      await delay(PAUSE_MS);
    }
  }

  #fault(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const sort = text.replace(/\d+/g, "");
    if (this.#faults.size < MOST_FAULTS && !this.#faults.has(sort)) this.#faults.set(sort, text);
  }

  /** Answers with the number that was asked for. */
  #serve(): void {
    const connection = this.#service;
    connection.onMessage = ({ type, topic, routes, matchtag, payload }) => {
      if (type !== Type.REQUEST || topic !== `${OWNER_SERVICE}.balance`) return;
      const answer = { type: Type.RESPONSE, topic, routes: routes, matchtag, payload };
      setTimeout(() => connection.send(answer).catch(() => {}), SERVE_MS);
    };
  }

  async #follow(): Promise<void> {
    const receive = (event: RawMessage): void => {
      if (event.type !== Type.EVENT || event.topic !== "owner.tick") return;
      if (event.userid !== OWNER) return;
      const { n } = JSON.parse(textOf(event)) as { n: number };
      if (n !== this.#seen + 1) this.#fault(`event ${n} of the owner came after ${this.#seen}`);
      this.#seen = n;
    };
    this.#subscriber.onMessage = receive;
    await this.#subscriber.ask("event.subscribe", { topic: "owner." });
  }

  /** Calls services of the owner and of the broker, on the connection on which the guest's is called too. */
  async #call(): Promise<void> {
    const caller = this.#caller;
    if (performance.now() - this.#lured > 200) {
      this.#lured = performance.now();
      // Whatever it is answered, or not.
      for (let rank = 0; rank < this.#ranks; rank++)
        caller
          .send({ topic: `${LURE}.hello`, payload: "{}", aux1: rank, matchtag: caller.nextMatchtag() })
          .catch(() => {});
    }
    const n = Math.floor(Math.random() * 1e9);
    await this.#expect(caller, `${OWNER_SERVICE}.balance`, { n }, `{"n":${n}}`);
    for (let rank = 0; rank < this.#ranks; rank++)
      await this.#expect(caller, "attr.get", { name: "rank" }, RANK.replace("0", `${rank}`), rank);
    await this.#expect(caller, `${OWNER_LIBRARY_SERVICE}.price`, {}, '{"n":7}');
  }

  async #expect(
    connection: RawConnection,
    topic: string,
    payload: object,
    text: string,
    rank?: number,
  ): Promise<void> {
    const to = rank === undefined ? {} : { aux1: rank };
    const answer = await connection.ask(topic, payload, { waitMs: ANSWER_MS, ...to });
    if (answer.aux1 !== 0) throw new Error(`the owner's ${topic} failed with errno ${answer.aux1}`);
    const got = textOf(answer).replaceAll(" ", "");
    if (got !== text) throw new Error(`the owner's ${topic} gave ${got.slice(0, 100)} instead of ${text}`);
  }

  async #publish(): Promise<void> {
    const n = this.#published + 1;
    const payload = Buffer.from(`{"n":${n}}\0`).toString("base64");
    const request = { topic: "owner.tick", flags: 0, payload };
    this.#published = n;
    const { aux1 } = await this.#publisher.ask("event.publish", request, { waitMs: ANSWER_MS });
    if (aux1 !== 0) throw new Error(`the owner's event.publish failed with errno ${aux1}`);
  }

  /** Opens a connection more, and closes it. */
  async #reconnect(): Promise<void> {
    const connection = await this.#open();
    await this.#expect(connection, "attr.get", { name: "rank" }, RANK);
    connection.destroy();
  }

  /** Opens a connection, with as much patience as a program has that is refused. */
  async #open(): Promise<RawConnection> {
    for (let tries = 1; ; tries++) {
      try {
        return await RawConnection.open(this.#path, OWNER, performance.now() + ANSWER_MS);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (error instanceof TimeIsUp || tries > CONNECT_RETRIES)
          throw new Error(`the owner can't open a connection: ${why}`, { cause: error });
        await delay(RETRY_MS);
      }
    }
  }

  /** All events that were published have come. */
  async #events(): Promise<void> {
    const published = this.#published;
    const end = performance.now() + ANSWER_MS;
    while (this.#seen < published) {
      if (this.#subscriber.lost !== undefined || performance.now() > end)
        throw new Error(
          `the owner's subscription ended at event ${this.#seen} of ${published}: ${this.#subscriber.lost?.message}`,
        );
      await delay(5);
    }
  }

  /** The record of this round is in the log. */
  async #log(): Promise<void> {
    const connection = await this.#open();
    const wanted = `precious ${this.#record}`;
    const isThere = await new Promise<boolean>((resolve, reject) => {
      let found = false;
      connection.onMessage = (message) => {
        if (message.aux1 !== 0) resolve(found);
        else if (textOf(message).endsWith(wanted)) found = true;
      };
      const flags = Flag.STREAMING;
      connection.send({ topic: "log.dmesg", payload: '{"follow":false}', flags, matchtag: 1 }).catch(reject);
      connection.socket.once("close", () => reject(new Error("log.dmesg has no end")));
    }).finally(() => connection.destroy());
    if (!isThere) throw new Error("the owner's record is not in the log any more");
  }

  async #tryRun(): Promise<void> {
    await delay(RUN_EVERY_MS);
    await this.#run().catch(() => {});
  }

  /** A process runs. */
  async #run(): Promise<void> {
    const connection = await this.#open();
    const statuses: string[] = [];
    const cmd = { cmdline: ["true"], env: {}, opts: {}, channels: [] };
    const end = await new Promise<RawMessage>((resolve, reject) => {
      connection.onMessage = (message) => {
        if (message.aux1 !== 0) resolve(message);
        else statuses.push(textOf(message));
      };
      const payload = JSON.stringify({ cmd, flags: 0 });
      connection.send({ topic: "rexec.exec", payload, flags: Flag.STREAMING, matchtag: 1 }).catch(reject);
      connection.socket.once("close", () => reject(new Error("rexec.exec has no end")));
    }).finally(() => connection.destroy());
    if (!statuses.some((text) => /"finished"/.test(text)))
      throw new Error(`the owner's rexec.exec failed with errno ${end.aux1}: ${textOf(end).slice(0, 200)}`);
  }
}
