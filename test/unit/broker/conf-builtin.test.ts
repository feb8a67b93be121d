import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinValues } from "../../../src/broker/modules/conf-builtin.ts";
import { rejects } from "../../helpers/rejects.ts";
import { GUEST, Users } from "../../helpers/users.ts";

test("anyone may ask where things are", async () => {
  await using users = await Users.start();
  const guest = await users.connect(GUEST);
  const ask = (keys: unknown) => guest.rpc("broker.conf-builtin", { keys });
  const { values } = await ask(["rc1_path", 42, null, "rc3_path"]);
  assert.deepEqual(values, { rc1_path: "flux modprobe rc1", rc3_path: "flux modprobe rc3" });
  assert.deepEqual(await ask([]), { values: {} });
  await rejects(ask(["confdir", "nope"]), "EINVAL", "nope: invalid key");
  await rejects(ask([""]), "EINVAL", ": invalid key");
  await rejects(ask(["toString"]), "EINVAL", "toString: invalid key");
  await rejects(ask("confdir"), "EPROTO", null);
  await rejects(guest.rpc("broker.conf-builtin", {}), "EPROTO", null);
});

test("things are where the flux that started the broker has them", () => {
  const values = builtinValues({
    FLUX_EXEC_PATH: "/mine:/sw/libexec/flux/cmd",
    FLUX_MODULE_PATH: "/mine/mod:/sw/lib64/flux/modules",
  });
  const { confdir, libexecdir, exec_path, module_path, pmi_library_path, rundir } = values;
  assert.deepEqual(
    [confdir, libexecdir, exec_path, module_path, pmi_library_path, rundir],
    [
      "/sw/etc/flux",
      "/sw/libexec/flux",
      "/mine:/sw/libexec/flux/cmd",
      "/mine/mod:/sw/lib64/flux/modules",
      "/sw/lib64/flux/libpmi.so",
      "/run/flux",
    ],
  );
});

test("without one they are where a distribution has them", () => {
  const { confdir, libexecdir, module_path } = builtinValues({});
  assert.deepEqual(
    [confdir, libexecdir, module_path],
    ["/etc/flux", "/usr/libexec/flux", "/usr/lib/flux/modules"],
  );
  for (const [key, value] of Object.entries(builtinValues({}))) assert(value !== "", key);
});
