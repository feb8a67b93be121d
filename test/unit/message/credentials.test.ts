import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkAdmission,
  isAuthorized,
  maySeePrivate,
  Role,
  stampCredential,
  UNKNOWN_CREDENTIAL,
  USERID_UNKNOWN,
} from "../../../src/message/index.ts";

const OWNER = { userid: 1000, rolemask: Role.OWNER | Role.LOCAL };
const ROOT = { userid: 0, rolemask: Role.OWNER | Role.LOCAL };
const GUEST = { userid: 2000, rolemask: Role.USER | Role.LOCAL };
const ADMIN_GUEST = { userid: 2000, rolemask: Role.USER | Role.LOCAL | Role.ADMIN };

function stamped(message: { userid: number; rolemask: number }, connection = OWNER): number[] {
  const copy = { ...message };
  stampCredential(copy, connection);
  return [copy.userid, copy.rolemask];
}

test("a guest's message is the guest's, whatever it says", () => {
  for (const connection of [GUEST, ADMIN_GUEST]) {
    for (const message of [
      UNKNOWN_CREDENTIAL,
      OWNER,
      { userid: 2000, rolemask: Role.OWNER },
      { userid: 0, rolemask: 0 },
    ]) {
      assert.deepEqual(stamped(message, connection), [connection.userid, connection.rolemask]);
    }
  }
});

test("an owner's message is filled where it is open, each field by itself", () => {
  for (const connection of [OWNER, ROOT]) {
    assert.deepEqual(stamped(UNKNOWN_CREDENTIAL, connection), [connection.userid, connection.rolemask]);
    assert.deepEqual(stamped({ userid: 42, rolemask: 0 }, connection), [42, connection.rolemask]);
    assert.deepEqual(stamped({ userid: USERID_UNKNOWN, rolemask: Role.USER }, connection), [
      connection.userid,
      Role.USER,
    ]);
    assert.deepEqual(stamped({ userid: 0, rolemask: Role.USER }, connection), [0, Role.USER]);
  }
});

test("who is authorized for what a user owns", () => {
  assert.equal(isAuthorized(OWNER, 5), true);
  assert.equal(isAuthorized(OWNER, USERID_UNKNOWN), true);
  assert.equal(isAuthorized(GUEST, 2000), true);
  assert.equal(isAuthorized(GUEST, 2001), false);
  assert.equal(isAuthorized({ userid: 2000, rolemask: Role.LOCAL | Role.ADMIN }, 2000), false);
  assert.equal(isAuthorized({ userid: 2000, rolemask: Role.NONE }, 2000), false);
  assert.equal(isAuthorized({ userid: USERID_UNKNOWN, rolemask: Role.USER }, USERID_UNKNOWN), false);
});

test("who sees a private event", () => {
  assert.equal(maySeePrivate(OWNER, GUEST), true);
  assert.equal(maySeePrivate(GUEST, GUEST), true);
  assert.equal(maySeePrivate(GUEST, OWNER), false);
  assert.equal(maySeePrivate({ ...GUEST, userid: 2001 }, GUEST), false);
  assert.equal(maySeePrivate({ userid: USERID_UNKNOWN, rolemask: Role.USER }, UNKNOWN_CREDENTIAL), false);
});

test("the admission byte is 0 or the error number", () => {
  assert.doesNotThrow(() => checkAdmission(0));
  assert.throws(() => checkAdmission(1), { name: "FluxError", code: "EPERM", errno: 1 });
  assert.throws(() => checkAdmission(200), { name: "FluxError", code: "E200", errno: 200 });
});

test("the roles are those of RFC 12", () => {
  assert.deepEqual({ ...Role }, { NONE: 0, OWNER: 1, USER: 2, LOCAL: 4, ADMIN: 8, ALL: 0xffffffff });
});
