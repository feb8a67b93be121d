import { FluxError, WorkQueue } from "../base/index.ts";
import type { Methods, Request } from "../client/index.ts";
import { real } from "../json/index.ts";
import { Role } from "../message/index.ts";
import { BROKER_STATES, stateNumber } from "./broker-state.ts";
import type { StateMachine } from "./state-machine.ts";

const RUN = stateNumber("run");
const LAST = BROKER_STATES.length - 1;

/**
 * `state-machine`: what flux-uptime(1), flux-proxy(1), flux-start(1) and the brokers below ask for. `fail` marks the broker's exit as
 * failed.
 */
export function stateMachineMethods(machine: StateMachine, fail: () => void): Methods {
  const number = (): number => stateNumber(machine.state);
  const waiting = new Waiting();
  machine.watch(() => waiting.each((request) => answerWait(request, number())));
  return {
    get: {
      allow: Role.USER,
      answer: () => ({ state: machine.state, duration: real(machine.durationMs / 1000) }),
    },
    monitor: {
      later: true,
      request(request) {
        const final = finalOf(request);
        if (tellState(request, number(), final) && !request.noResponse)
          follow(request, machine, () => tellState(request, number(), final));
      },
    },
    wait: {
      allow: Role.USER,
      later: true,
      request(request) {
        if (answerWait(request, number()) && !request.noResponse) waiting.add(request);
      },
    },
    post: {
      request(request) {
        const [event, error] = request.unpack("{s:s s?b}", "event", "error");
        if (!request.noResponse) throw new FluxError("EPROTO");
        if (error === true) fail();
        machine.post(event);
      },
    },
    // Nothing listens to the service manager's protocol here.
    "sd-notify": { request: (request) => request.respond() },
  };
}

/** Who waits for a state: guests may, and many. */
class Waiting {
  readonly #requests = new Set<Request>();

  add(request: Request): void {
    this.#requests.add(request);
    request.onCancel(() => this.#requests.delete(request));
  }

  /** Calls `waits` with each, some at once and the others in later turns of the event loop, and forgets those for which it returns false. */
  each(waits: (request: Request) => boolean): void {
    const queue = new WorkQueue<Request>((request) => {
      if (request.over || !waits(request)) this.#requests.delete(request);
    });
    queue.add(this.#requests);
  }
}

/** Calls `tell` at each change of state until it returns false or nobody waits for `request` any more. */
function follow(request: Request, machine: StateMachine, tell: () => boolean): void {
  const leave = machine.watch(() => {
    if (!tell()) leave();
  });
  request.onCancel(leave);
}

function finalOf(request: Request): number {
  try {
    return request.unpack("{s:i}", "final")[0];
  } catch {
    return LAST;
  }
}

/** Answers a monitor with a state; false when that was the last answer. */
function tellState(request: Request, state: number, final: number): boolean {
  if (state <= final) {
    request.respond({ state });
    if (!request.streaming) return false;
  }
  if (state < final) return true;
  request.respondError("ENODATA");
  return false;
}

/** Answers who waits for `run` once it can be said; true as long as it can't. */
function answerWait(request: Request, state: number): boolean {
  if (state < RUN) return true;
  if (state === RUN) request.respond();
  else request.respondError("ENOENT", "broker has surpassed RUN state");
  return false;
}
