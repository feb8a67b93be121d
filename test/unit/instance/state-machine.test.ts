import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BROKER_STATES, nextState, stateNumber } from "../../../src/instance/broker-state.ts";
import { StateMachine } from "../../../src/instance/state-machine.ts";

function machineAt(enter: (machine: StateMachine, state: string) => void = () => {}) {
  const lines: string[] = [];
  let now = 0;
  const machine: StateMachine = new StateMachine({
    enter: (state) => enter(machine, state),
    log: (level, text) => lines.push(`${level} ${text}`),
    now: () => now,
  });
  const tick = (ms: number): void => {
    now += ms;
  };
  return { machine, lines, tick };
}

describe("state machine of a broker", () => {
  test("states have the numbers that travel on the wire", () => {
    const numbers = Object.fromEntries(BROKER_STATES.map((state) => [state, stateNumber(state)]));
    assert.deepEqual(numbers, {
      "load-builtins": 0,
      join: 1,
      "config-sync": 2,
      init: 3,
      quorum: 4,
      run: 5,
      cleanup: 6,
      shutdown: 7,
      finalize: 8,
      goodbye: 9,
      "unload-builtins": 10,
      exit: 11,
    });
  });

  test("a failed rc1 shuts down without running anything", () => {
    const events = [
      "builtins-success",
      "parent-none",
      "sync-none",
      "rc1-fail",
      "children-none",
      "rc3-none",
      "goodbye",
      "builtins-done",
    ];
    let state = BROKER_STATES[0] as (typeof BROKER_STATES)[number];
    const path = events.map((event) => {
      state = nextState(state, event);
      return state;
    });
    assert.deepEqual(path, [
      "join",
      "config-sync",
      "init",
      "shutdown",
      "finalize",
      "goodbye",
      "unload-builtins",
      "exit",
    ]);
    assert.equal(nextState("run", "rc1-success"), "run");
  });

  test("logs transitions with their time, and events that mean nothing", () => {
    const { machine, lines, tick } = machineAt();
    machine.start();
    tick(1500);
    machine.post("builtins-success");
    tick(2);
    machine.post("rc2-success");
    assert.equal(machine.durationMs, 2);
    assert.deepEqual(lines, [
      "info builtins-success: load-builtins->join 1.5s",
      "debug rc2-success: ignored in join",
    ]);
  });

  test("events posted while one is at work wait, so that watchers see every state", () => {
    const { machine } = machineAt((self, state) => {
      if (state === "load-builtins") self.post("builtins-success");
      if (state === "join") self.post("parent-none");
    });
    const seen: string[] = [];
    machine.watch((state) => seen.push(state));
    const leave = machine.watch(() => leave());
    machine.start();
    assert.deepEqual(seen, ["load-builtins", "join", "config-sync"]);
  });
});
