/** States of a broker, in the order of their numbers, which travel on the wire. Source: flux-broker(1); state_machine.h in flux-core. */
export const BROKER_STATES = [
  "load-builtins",
  "join",
  "config-sync",
  "init",
  "quorum",
  "run",
  "cleanup",
  "shutdown",
  "finalize",
  "goodbye",
  "unload-builtins",
  "exit",
] as const;

export type BrokerState = (typeof BROKER_STATES)[number];

/** The number of a state, 0 to 11. */
export function stateNumber(state: BrokerState): number {
  return BROKER_STATES.indexOf(state);
}

/** Where each event leads, by the state it comes in. An event that is not named changes nothing. */
const TRANSITIONS: Readonly<Record<BrokerState, Readonly<Record<string, BrokerState>>>> = {
  "load-builtins": { "builtins-success": "join", "builtins-fail": "unload-builtins" },
  join: { "parent-none": "config-sync", "parent-ready": "config-sync", "parent-fail": "shutdown" },
  "config-sync": { "sync-none": "init", "sync-success": "init", "sync-fail": "shutdown" },
  init: {
    "rc1-none": "quorum",
    "rc1-success": "quorum",
    "rc1-ignorefail": "quorum",
    "rc1-fail": "shutdown",
    panic: "shutdown",
  },
  quorum: { "quorum-full": "run", "quorum-fail": "shutdown", panic: "shutdown" },
  run: {
    "rc2-success": "cleanup",
    "rc2-fail": "cleanup",
    shutdown: "cleanup",
    "parent-fail": "cleanup",
    panic: "shutdown",
  },
  cleanup: { "cleanup-success": "shutdown", "cleanup-none": "shutdown", "cleanup-fail": "shutdown" },
  shutdown: { "children-none": "finalize", "children-complete": "finalize" },
  finalize: { "rc3-success": "goodbye", "rc3-none": "goodbye", "rc3-fail": "goodbye" },
  goodbye: { goodbye: "unload-builtins" },
  "unload-builtins": { "builtins-done": "exit", "builtins-unload-fail": "exit" },
  exit: {},
};

/** The state that `event` leads to from `state`: the same one when it means nothing there. */
export function nextState(state: BrokerState, event: string): BrokerState {
  return TRANSITIONS[state][event] ?? state;
}
