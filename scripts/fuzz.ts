/**
 * Puts mutated frames through the codec: `node --import tsx scripts/fuzz.ts [FRAMES [SEED]]`, a million by default. Prints the seed, frames
 * per second and totals; ends with status 1 at the first violation, naming the bytes that brought it about.
 */
import { fuzzFrames, seededRandom } from "../test/helpers/message-fuzz.ts";

const BATCH = 50_000;

function wholeNumber(text: string | undefined, fallback: number, name: string): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`${name} must be a whole number: ${text}`);
  process.exit(2);
}

const frames = wholeNumber(process.argv[2], 1_000_000, "FRAMES");
const seed = wholeNumber(process.argv[3], Date.now() % 0x1_0000_0000, "SEED");
console.log(`${frames} frames, seed ${seed}`);

const random = seededRandom(seed);
const refused = new Map<string, number>();
const started = performance.now();
let done = 0;
let messages = 0;
let incomplete = 0;
try {
  while (done < frames) {
    const totals = fuzzFrames(Math.min(BATCH, frames - done), random);
    done += totals.frames;
    messages += totals.messages;
    incomplete += totals.incomplete;
    for (const [code, count] of totals.refused) refused.set(code, (refused.get(code) ?? 0) + count);
  }
} catch (error) {
  console.error(error);
  console.error(`violation after ${done} frames or more, seed ${seed}`);
  process.exit(1);
}
const seconds = (performance.now() - started) / 1000;
const codes = [...refused].sort().map(([code, count]) => `${count} ${code}`);
console.log(`${Math.round(frames / seconds)} frames/s, ${seconds.toFixed(1)} s`);
console.log(`${messages} messages decoded, streams refused: ${codes.join(", ")}, incomplete: ${incomplete}`);
