/** The other side: a service that answers what it gets with the payload it got, or the subscribers. */

import { answerParent } from "../control/child.ts";
import { loadSystem, type Place } from "../systems/system.ts";
import { isEvents, PayloadCheck } from "../work.ts";
import { CreditSender } from "./credit.ts";

let seen: PayloadCheck;

answerParent({
  async open(place: Place) {
    const { work } = place;
    const system = await loadSystem(place.system);
    const check = new PayloadCheck(work);
    seen = check;
    const credit = new CreditSender();
    if (isEvents(work)) await credit.listen(place.credit);
    const { subscribers } = work;
    await system.openFar(place, {
      answer(payload) {
        check.take(payload);
        return payload!;
      },
      event(payload) {
        check.take(payload);
        credit.set(Math.floor(check.seen / subscribers));
      },
    });
  },
  /** Payloads that came (requests, events) or went (streamed responses) so far. */
  seen: () => seen.seen,
});
