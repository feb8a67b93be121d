import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAccess } from "../../../src/broker/index.ts";
import { type JsonObject, real } from "../../../src/json/index.ts";
import { Role } from "../../../src/message/index.ts";

const NOBODY = { allowGuests: false, allowRootOwner: false, privateMode: false, roles: [] };

test("the table [access]: what it lacks is false, or what the command line says", () => {
  assert.deepEqual(parseAccess({}), NOBODY);
  assert.deepEqual(parseAccess({ access: {}, other: 1 }), NOBODY);
  const asked = { allowGuests: true, allowRootOwner: true };
  assert.deepEqual(parseAccess({ access: {} }, asked), { ...NOBODY, ...asked });
  const table = {
    "allow-guest-user": true,
    "allow-root-owner": false,
    "private-mode": true,
    roles: { admin: { users: ["ann"], groups: ["wheel", "ops"] } },
  };
  assert.deepEqual(parseAccess({ access: table }, asked), {
    allowGuests: true,
    allowRootOwner: false,
    privateMode: true,
    roles: [{ role: Role.ADMIN, users: ["ann"], groups: ["wheel", "ops"] }],
  });
  assert.deepEqual(parseAccess({ access: { roles: { admin: {} } } }).roles, [
    { role: Role.ADMIN, users: [], groups: [] },
  ]);
  assert.deepEqual(parseAccess({ access: { roles: {} } }).roles, []);
});

test("anything else in it is refused", () => {
  const access = "error parsing [access] configuration: ";
  const admin = "[access.roles.admin]";
  const table: readonly (readonly [JsonObject, string])[] = [
    [{ foo: 42 }, `${access}1 object item(s) left unpacked: foo`],
    [{ "allow-guest-user": 1 }, `${access}Expected true or false, got integer`],
    [{ "allow-root-owner": "yes" }, `${access}Expected true or false, got string`],
    [{ "private-mode": null }, `${access}Expected true or false, got null`],
    [{ roles: "admin" }, "[access.roles] must be a table"],
    [{ roles: [] }, "[access.roles] must be a table"],
    [{ roles: real(1) }, "[access.roles] must be a table"],
    [{ roles: { operator: {} } }, "unknown role 'operator' in [access.roles]"],
    [{ roles: { toString: {} } }, "unknown role 'toString' in [access.roles]"],
    [{ roles: { admin: [] } }, `${admin}: Expected object, got array`],
    [{ roles: { admin: { userz: [] } } }, `${admin}: 1 object item(s) left unpacked: userz`],
    [{ roles: { admin: { users: "ann" } } }, `${admin} users must be a string array`],
    [{ roles: { admin: { groups: ["ops", 7] } } }, `${admin} groups must be a string array`],
  ];
  for (const [access, message] of table)
    assert.throws(() => parseAccess({ access }), { code: "EINVAL", message }, JSON.stringify(access));
  const whole = `${access}Expected object, got boolean`;
  assert.throws(() => parseAccess({ access: true }), {
    code: "EINVAL",
    message: whole.replace("boolean", "true"),
  });
});
