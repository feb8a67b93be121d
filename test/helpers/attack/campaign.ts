import type { Attack } from "./attack.ts";
import { kindsOf } from "./attacks.ts";
import { RoleProcess } from "./role.ts";
import { playRound, type RoundReport } from "./round.ts";
import { Stage, stageFolder } from "./stage.ts";

/** An attack that is to be played, and what its sizes and shapes are drawn from. */
export interface PlannedAttack {
  readonly attack: Attack;
  readonly seed: number;
}

export interface CampaignOptions {
  /** A folder for the brokers' files, which other users may enter. */
  readonly folder: string;
  /** The program of the broker: default that of this checkout's `dist`. */
  readonly main?: string | undefined;
  readonly attacks: readonly PlannedAttack[];
  readonly scale: number;
  readonly playMs: number;
  readonly isTimed: boolean;
  readonly report: (round: number, report: RoundReport) => void;
}

/** Plays rounds, one attack each. A broker lives from round to round, and is replaced by a new one when a round was lost. */
export class Campaign implements AsyncDisposable {
  readonly #options: CampaignOptions;
  #timer: RoleProcess | undefined;
  #stage: Stage | undefined;
  #stages = 0;

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { attacks, scale, playMs, isTimed, report } = this.#options;
    if (isTimed) {
      this.#timer = new RoleProcess();
      await this.#timer.start({ role: "timer" });
    }
    for (const [round, { attack, seed }] of attacks.entries()) {
      const stage = await this.#stageFor(attack);
      const result = await playRound(stage, attack, { seed, scale, playMs, timer: this.#timer });
      report(round, result);
      if (result.failures.length > 0 || stage !== this.#stage) await this.#end(stage);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stage !== undefined) await this.#end(this.#stage);
    await this.#timer?.kill();
  }

  /** The stage of most attacks, or one for this attack alone. */
  async #stageFor({ isRefused = false, needsFresh = false, ranks }: Attack): Promise<Stage> {
    const isOwn = isRefused || needsFresh || ranks !== undefined;
    if (!isOwn && this.#stage !== undefined) return this.#stage;
    const { folder, main, isTimed } = this.#options;
    const stage = await Stage.start({
      folder: stageFolder(folder, this.#stages++),
      main,
      guests: !isRefused,
      ranks,
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

/** Attacks for so many rounds: one kind each in turn, and of each kind one attack after the other. Round N has the seed `seed + N`. */
export function planAttacks(attacks: readonly Attack[], rounds: number, seed: number): PlannedAttack[] {
  const kinds = kindsOf(attacks);
  return Array.from({ length: rounds }, (_, round) => {
    const ofKind = attacks.filter(({ kind }) => kind === kinds[round % kinds.length]);
    const turn = seed + Math.floor(round / kinds.length);
    return { attack: ofKind[turn % ofKind.length]!, seed: seed + round };
  });
}
