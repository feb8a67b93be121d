import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { errno, errnoName, isErrnoName, strerror } from "../../../src/base/index.ts";

test("the numbers are those of Linux", () => {
  const flux = {
    EPERM: 1,
    ENOENT: 2,
    ESRCH: 3,
    EIO: 5,
    EAGAIN: 11,
    ENOMEM: 12,
    EBUSY: 16,
    EEXIST: 17,
    EINVAL: 22,
  };
  const more = {
    ENOSYS: 38,
    ENODATA: 61,
    EPROTO: 71,
    EOVERFLOW: 75,
    ENOTSUP: 95,
    ECONNRESET: 104,
    ETIMEDOUT: 110,
  };
  const last = { EHOSTUNREACH: 113, ECANCELED: 125 };
  for (const [name, number] of Object.entries({ ...flux, ...more, ...last })) {
    assert.ok(isErrnoName(name));
    assert.equal(errno[name], number);
  }
});

if (process.platform === "linux") {
  test("on Linux the table is the system's", () => {
    const system = constants.errno as Record<string, number | undefined>;
    const missing = Object.keys(errno).filter((name) => system[name] === undefined);
    for (const [name, number] of Object.entries(errno)) {
      if (!missing.includes(name)) assert.equal(number, system[name], name);
    }
    assert.deepEqual(missing, []);
  });
}

test("numbers have names and texts, each one", () => {
  const numbers = Object.values(errno);
  assert.equal(new Set(numbers).size, numbers.length, "no number twice");
  for (const [name, number] of Object.entries(errno)) {
    assert.equal(errnoName(number), name);
    assert.doesNotMatch(strerror(number), /^Unknown/);
  }
  assert.equal(strerror(38), "Function not implemented");
  assert.equal(strerror(113), "No route to host");
  assert.equal(errnoName(0), undefined);
  assert.equal(strerror(4711), "Unknown error 4711");
});

test("only names of the table are names", () => {
  assert.equal(isErrnoName("ENOSYS"), true);
  for (const other of ["ENOPE", "toString", "__proto__", "", 38, undefined])
    assert.equal(isErrnoName(other), false);
  assert.ok(Object.isFrozen(errno));
});
