/** The client: workers that each await what they asked for, for a given time. */
import { answerParent } from "../control/child.ts";
import { loadSystem, type NearSide, type Place } from "../systems/system.ts";
import { isEvents, PayloadCheck, undeliveredLimit, type Work } from "../work.ts";
import { CreditGate } from "./credit.ts";

/** What was done in one run: responses received, or events published and delivered to all. */
export interface NearRun {
  readonly count: number;
  readonly seconds: number;
}

let side: NearSide;
let work: Work;
let check: PayloadCheck;
let gate: CreditGate;
let stopped = false;

answerParent({
  async open(place: Place) {
    const system = await loadSystem(place.system);
    work = place.work;
    check = new PayloadCheck(work);
    gate = new CreditGate(undeliveredLimit(work));
    if (isEvents(work)) await gate.connect(place.credit);
    side = await system.openNear(place);
  },

  async run({ seconds }: { readonly seconds: number }): Promise<NearRun> {
    stopped = false;
    const before = done();
    const timer = setTimeout(() => {
      stopped = true;
    }, seconds * 1000);
    const start = performance.now();
    const worker = {
      request: requestAgain,
      stream: streamAgain,
      publish: publishAgain,
      "fan-out": sendAgain,
    }[work.kind];
    await Promise.all(Array.from({ length: work.inFlight }, worker));
    await gate.drained();
    clearTimeout(timer);
    return { count: done() - before, seconds: (performance.now() - start) / 1000 };
  },
});

function done(): number {
  return isEvents(work) ? gate.published : check.seen;
}

async function requestAgain(): Promise<void> {
  while (!stopped) check.take(await side.request());
}

async function streamAgain(): Promise<void> {
  while (!stopped) {
    let responses = 0;
    await side.stream((payload) => {
      check.take(payload);
      responses++;
    });
    if (responses !== work.responses)
      throw new Error(`stream of ${responses} responses came where ${work.responses} were asked for`);
  }
}

async function publishAgain(): Promise<void> {
  while (!stopped) {
    if (gate.open) gate.published++;
    else await gate.enter();
    await side.publish();
  }
}

async function sendAgain(): Promise<void> {
  while (!stopped) {
    if (gate.open) gate.published++;
    else await gate.enter();
    const room = side.send();
    if (room !== undefined) await room;
  }
}
