import { join } from "node:path";
import { AttackedBroker, type AttackedBrokerOptions, type BrokerMemory } from "./attacked-broker.ts";
import { GUEST } from "./guest.ts";
import { type GuestReport, type GuestTask, playAttack } from "./guest-play.ts";
import { Owner, type OwnerOptions } from "./owner.ts";
import { RawConnection } from "./raw-connection.ts";
import { RoleProcess } from "./role.ts";

/** Heap of the owner's program, which serves guests: as much as the broker's. */
const OWNER_HEAP_MIB = 512;

/** One who plays; `leave` ends its connections. */
export interface Playing {
  readonly played: Promise<GuestReport>;
  leave(): Promise<void>;
}

/** What a round needs of the owner. */
interface OwnerRole {
  begin(): Promise<unknown>;
  end(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface StageOptions extends AttackedBrokerOptions {
  /**
   * Owner, guests and the owner's ping are processes of their own: what they do takes no time of one another. Otherwise all are in this process, and
   * waits are not measured.
   */
  readonly isTimed: boolean;
  /** The owner runs processes all the time. */
  readonly runs?: boolean | undefined;
}

/** A broker with its owner and, if it is timed, the owner's ping. Ends with `stop`. */
export class Stage {
  readonly broker: AttackedBroker;
  readonly owner: OwnerRole;
  readonly ping: RoleProcess | undefined;
  /** What the broker held before anything was played. */
  readonly baseline: BrokerMemory;
  readonly #isTimed: boolean;

  private constructor(
    broker: AttackedBroker,
    owner: OwnerRole,
    ping: RoleProcess | undefined,
    baseline: BrokerMemory,
  ) {
    this.broker = broker;
    this.owner = owner;
    this.ping = ping;
    this.baseline = baseline;
    this.#isTimed = ping !== undefined;
  }

  static async start(options: StageOptions): Promise<Stage> {
    const { isTimed, runs = false, ranks = 1, guests = true } = options;
    const broker = await AttackedBroker.start(options);
    const { path } = broker;
    const ping = isTimed ? new RoleProcess() : undefined;
    try {
      const duties = { path, ranks, runs };
      const owner = isTimed ? await startOwnerProcess(duties) : await Owner.start(duties);
      await ping?.start({ role: "ping", path });
      if (guests) await warmUp(path);
      const baseline = await broker.memory(30_000);
      if (baseline === undefined)
        throw new Error(`the broker does not tell its memory: ${broker.ended ?? ""}`);
      return new Stage(broker, owner, ping, baseline);
    } catch (error) {
      await ping?.kill();
      await broker.stop();
      throw error;
    }
  }

  /** Lets a guest in that plays. */
  play(task: GuestTask): Playing {
    if (this.#isTimed) {
      const guest = new RoleProcess();
      const played = guest.start({ role: "guest", task }).then((report) => report!);
      played.catch(() => {});
      return { played, leave: () => guest.kill() };
    }
    const playing = playAttack(task);
    return {
      played: playing.then(({ report }) => report),
      leave: async () => (await playing).guest.leave(),
    };
  }

  /** Ends all of it; resolves to whether the broker stopped when it was told to. */
  async stop(): Promise<boolean> {
    await Promise.all([this.owner.close(), this.ping?.kill()]);
    return this.broker.stop();
  }
}

async function startOwnerProcess(options: OwnerOptions): Promise<OwnerRole> {
  const owner = new RoleProcess(OWNER_HEAP_MIB);
  try {
    await owner.start({ role: "owner", options });
  } catch (error) {
    await owner.kill();
    throw error;
  }
  return { begin: () => owner.call("begin"), end: () => owner.call("end"), close: () => owner.kill() };
}

/** What a broker loads and builds with its first guest is no growth. */
async function warmUp(path: string): Promise<void> {
  const guest = await RawConnection.open(path, GUEST);
  for (let i = 0; i < 200; i++) {
    await guest.ask("broker.ping", { pad: "w".repeat(1000) });
    await guest.ask("event.subscribe", { topic: `warm.${i}` });
    await guest.ask("event.publish", { topic: `warm.${i}`, flags: 0, payload: "QUJD" });
    await guest.ask("groups.get", { name: "broker.online" });
    await guest.ask("nosuch.method");
  }
  await guest.ask("service.add", { service: `${GUEST}-warm` });
  guest.destroy();
}

/** Makes the folder of stage number `index`. */
export function stageFolder(folder: string, index: number): string {
  return join(folder, `stage-${index}`);
}
