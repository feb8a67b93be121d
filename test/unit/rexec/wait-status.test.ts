import assert from "node:assert/strict";
import { test } from "node:test";
import {
  describeStatus,
  exitCode,
  shellStatus,
  termSignal,
  waitStatus,
} from "../../../src/rexec/wait-status.ts";

test("a status of wait(2) tells how a process ended", () => {
  const cases: [
    number | null,
    NodeJS.Signals | null,
    number,
    number | undefined,
    number | undefined,
    number,
    string,
  ][] = [
    [0, null, 0, 0, undefined, 0, "Exit 0"],
    [3, null, 0x300, 3, undefined, 3, "Exit 3"],
    [255, null, 0xff00, 255, undefined, 255, "Exit 255"],
    [null, "SIGTERM", 15, undefined, 15, 143, "Terminated"],
    [null, "SIGSEGV", 11, undefined, 11, 139, "Segmentation fault"],
  ];
  for (const [code, signal, status, exit, signum, shell, text] of cases) {
    assert.equal(waitStatus(code, signal), status);
    assert.equal(exitCode(status), exit);
    assert.equal(termSignal(status), signum);
    assert.equal(shellStatus(status), shell);
    assert.equal(describeStatus(status), text);
  }
});

test("a core dump does not hide the signal", () => {
  assert.equal(termSignal(11 | 0x80), 11);
  assert.equal(exitCode(11 | 0x80), undefined);
  assert.equal(shellStatus(11 | 0x80), 139);
});
