import { seededRandom } from "../message-fuzz.ts";
import { type Attack, AttackSucceeded } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { Guest } from "./guest.ts";
import { ConnectionLost, NotAnswered, TimeIsUp } from "./raw-connection.ts";

/** What a guest is to play. */
export interface GuestTask {
  readonly path: string;
  readonly attack: string;
  readonly seed: number;
  readonly scale: number;
  readonly playMs: number;
}

/** What a guest has played. */
export interface GuestReport {
  readonly notes: string;
  /** What the broker did that it must not do, as the guest saw it. */
  readonly failure: string | undefined;
}

/** Plays an attack; its connections stay until `guest.leave`. */
export async function playAttack(task: GuestTask): Promise<{ guest: Guest; report: GuestReport }> {
  const attack = ATTACKS.find(({ name }) => name === task.attack)!;
  const guest = new Guest({ ...task, random: seededRandom(task.seed) });
  const failure = await failureOf(attack, guest);
  return { guest, report: { notes: guest.notes.join("; "), failure } };
}

async function failureOf(attack: Attack, guest: Guest): Promise<string | undefined> {
  try {
    await attack.play(guest);
  } catch (error) {
    if (error instanceof AttackSucceeded) return error.message;
    if (error instanceof ConnectionLost) guest.note(`ended: ${error.message}`);
    else if (error instanceof TimeIsUp) guest.note("time is up");
    else if (error instanceof NotAnswered) guest.note(error.message);
    else throw error;
  }
  return undefined;
}
