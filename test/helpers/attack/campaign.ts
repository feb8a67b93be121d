import { seededRandom } from "../message-fuzz.ts";
import type { Attack } from "./attack.ts";
import { kindsOf } from "./attacks.ts";
import { RoleProcess } from "./role.ts";
import { playRound, type RoundReport } from "./round.ts";
import { Stage, stageFolder } from "./stage.ts";

export interface CampaignOptions {
  /** A folder for the brokers' files, which other users may enter. */
  readonly folder: string;
  /** The program of the broker: default that of this checkout's `dist`. */
  readonly main?: string | undefined;
  readonly attacks: readonly Attack[];
  readonly rounds: number;
  /** Round number N, from 0 on, is played with the seed `seed + N`. */
  readonly seed: number;
  readonly scale: number;
  readonly playMs: number;
  readonly isTimed: boolean;
  readonly report: (round: number, report: RoundReport) => void;
}

/**
 * Plays rounds, one kind each in turn, with an attack of that kind and sizes by chance. Brokers live from round to round, and are replaced by new ones
 * when a round was lost.
 */
export class Campaign implements AsyncDisposable {
  readonly #options: CampaignOptions;
  #timer: RoleProcess | undefined;
  #stage: Stage | undefined;
  #stages = 0;

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { attacks, rounds, seed, scale, playMs, isTimed, report } = this.#options;
    if (isTimed) {
      this.#timer = new RoleProcess();
      await this.#timer.start({ role: "timer" });
    }
    const kinds = kindsOf(attacks);
    for (let round = 0; round < rounds; round++) {
      const attack = chooseAttack(attacks, kinds[round % kinds.length]!, seed + round);
      const stage = await this.#stageFor(attack);
      const result = await playRound(stage, attack, {
        seed: seed + round,
        scale,
        playMs,
        timer: this.#timer,
      });
      report(round, result);
      if (result.failures.length > 0 || stage !== this.#stage) await this.#end(stage);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stage !== undefined) await this.#end(this.#stage);
    await this.#timer?.kill();
  }

  /** The stage of most attacks, or one for this attack alone. */
  async #stageFor({ isRefused = false, needsFresh = false }: Attack): Promise<Stage> {
    const isOwn = isRefused || needsFresh;
    if (!isOwn && this.#stage !== undefined) return this.#stage;
    const { folder, main, isTimed } = this.#options;
    const stage = await Stage.start({
      folder: stageFolder(folder, this.#stages++),
      main,
      guests: !isRefused,
      runs: needsFresh,
      isTimed,
    });
    if (!isOwn) this.#stage = stage;
    return stage;
  }

  async #end(stage: Stage): Promise<void> {
    if (stage === this.#stage) this.#stage = undefined;
    await stage.stop();
  }
}

function chooseAttack(attacks: readonly Attack[], kind: string, seed: number): Attack {
  const ofKind = attacks.filter((attack) => attack.kind === kind);
  // The guest draws from the seed itself: its first numbers are not to depend on the attack.
  return ofKind[seededRandom(seed ^ 0x5bd1e995)(ofKind.length)]!;
}
