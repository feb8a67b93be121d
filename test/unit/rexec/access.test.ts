import { test } from "node:test";
import { Role } from "../../../src/message/index.ts";
import { Rexec } from "../../../src/rexec/index.ts";
import { rejects } from "../../helpers/rejects.ts";
import { commandObject, RexecInstance, run } from "../../helpers/rexec-instance.ts";
import { GUEST, Users } from "../../helpers/users.ts";

test("only the owner runs processes", async () => {
  await using users = await Users.start();
  await using rexec = new Rexec({ rank: 0, localUri: users.instance.uri, log: () => {} });
  users.instance.broker.addService("rexec", rexec.methods);
  const guest = await users.connect(GUEST);
  for (const method of ["exec", "write", "kill", "list", "wait", "attach"])
    await rejects(guest.rpc(`rexec.${method}`, {}), "EPERM", "Request requires owner credentials");
});

test("where others may connect, rank 0 runs processes for its own clients only", async () => {
  let isMultiUser = true;
  await using instance = await RexecInstance.start({ isMultiUser: () => isMultiUser });
  const local = await instance.connect();
  // As a request looks that came here from another rank.
  const remote = await instance.instance.connect({ rolemask: Role.OWNER });
  const refusal = "Remote rexec requests are not allowed on rank 0";
  await run(local, commandObject(["true"]));
  await rejects(run(remote, commandObject(["true"])), "EPERM", refusal);
  await rejects(remote.rpc("rexec.list"), "EPERM", refusal);
  await rejects(remote.rpc("rexec.kill", { pid: 1, signum: 15 }), "EPERM", refusal);
  isMultiUser = false;
  await run(remote, commandObject(["true"]));
});

test("other ranks have no such rule", async () => {
  await using instance = await RexecInstance.start({ rank: 1, isMultiUser: () => true });
  const remote = await instance.instance.connect({ rolemask: Role.OWNER });
  await remote.rpc("rexec.list");
});
