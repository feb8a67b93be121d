import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fixture, ModuleInstance } from "../../helpers/module-instance.ts";
import { rejects } from "../../helpers/rejects.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";

const PROBE = fixture("probe");
const EXEC = { exec: true };

test("a module in a process of its own behaves as one in the broker's", async () => {
  await using at = await ModuleInstance.start();
  await at.load(PROBE, ["a", "service"], EXEC);
  const { flux } = at;
  assert.deepEqual((await flux.rpc("probe.info"))["args"], ["a", "service"]);
  assert.equal((await flux.ping("probe")).rank, 0);
  assert.deepEqual((await at.listed("probe"))?.services, ["probe", "probe-more"]);
  assert(at.records.some(({ message }) => /^module-exec probe pid=\d+$/.test(message)));
  const waiting = flux.rpc("probe.silent");
  await using stopped = flux.subscribe("probe.stopped");
  await stopped.ready;
  await at.remove("probe");
  assert.deepEqual((await stopped.next()).value?.json(), { aborted: true });
  await rejects(waiting, "EHOSTUNREACH", "module disconnect");
});

test("what start throws is what load says", async () => {
  await using at = await ModuleInstance.start();
  await rejects(at.load(PROBE, ["fail"], EXEC), "EIO", "asked to fail");
  await rejects(at.load(PROBE, ["fail"], { ...EXEC, name: "other" }), "EIO", "asked to fail");
});

test("a process that ends by itself is a failure of its module", async () => {
  const panics: string[] = [];
  await using at = await ModuleInstance.start({ onModulePanic: (text) => panics.push(text) });
  await at.load(PROBE, [], EXEC);
  const waiting = at.flux.rpc("probe.silent");
  await at.flux.call("probe.crash", {}, { noResponse: true });
  await rejects(waiting, "EHOSTUNREACH", "module disconnect");
  assert(at.logged("err", "probe: loader (module-exec) killed by Segmentation fault"));
  assert.deepEqual(panics, ["probe module runtime failure"]);
  await at.load(PROBE, [], EXEC);
  await at.flux.call("probe.exit", { status: 3 }, { noResponse: true });
  await until(() => panics.length === 2, "a second panic");
  assert(at.logged("err", "probe: loader (module-exec) exited with exit code 3"));
});

test("one that hangs is killed", async () => {
  await using at = await ModuleInstance.start();
  const loading = rejects(at.load(PROBE, ["hang"], EXEC), "EINVAL", "loader (module-exec) killed by Killed");
  await until(async () => (await at.listed("probe"))?.status === 0, "it is starting");
  await at.remove("probe", { cancel: true });
  await loading;
});

test("a loader is any program; one that does not speak to the broker fails", async () => {
  await using files = await TemporaryFolder.make({ "tool.xyz": "", "no-program": "" });
  await using at = await ModuleInstance.start();
  const path = files.of("tool.xyz");
  await rejects(at.load(path), "ENOENT", "could not determine loader from path suffix");
  await rejects(
    at.load("tool", [], { loader: "/bin/true" }),
    "EINVAL",
    "module loader may only be specified with module path",
  );
  await rejects(
    at.load(path, [], { loader: "/bin/true" }),
    "EINVAL",
    "loader (/bin/true) exited with exit code 0 but did not report module status",
  );
  await rejects(
    at.load(path, [], { loader: "/bin/false" }),
    "EINVAL",
    "loader (/bin/false) exited with exit code 1",
  );
  await rejects(
    at.load(path, [], { loader: "/no/such" }),
    "ENOENT",
    "loader (/no/such) failed: No such file or directory",
  );
  assert.deepEqual(at.instance.broker.loadedModules, []);
});

test("flux-core's loaders are looked for in FLUX_EXEC_PATH, then as flux", async () => {
  await using files = await TemporaryFolder.make({
    "a.so": "",
    "b.so.0.0.0": "",
    "c.py": "",
    "bin/flux": "",
    "exec/flux-module-exec": "",
  });
  for (const [name, word] of [
    ["bin/flux", "flux"],
    ["exec/flux-module-exec", "own"],
  ]) {
    await writeFile(files.of(name!), `#!/bin/sh\necho "${word} $*" >>"${files.of("calls")}"\nexit 7\n`);
    await chmod(files.of(name!), 0o755);
  }
  const calls: string[] = [];
  const attempt = async (env: NodeJS.ProcessEnv, name: string): Promise<void> => {
    await using at = await ModuleInstance.start({}, { FLUX_MODULE_PATH: files.path, ...env });
    const error = await at.load(name).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    calls.push(error?.message ?? "none");
  };
  await attempt({ PATH: `${files.of("bin")}:/bin`, FLUX_EXEC_PATH: files.of("exec") }, "a");
  await attempt({ PATH: `${files.of("bin")}:/bin` }, "b");
  await attempt({ PATH: `${files.of("bin")}:/bin`, FLUX_EXEC_PATH: files.of("exec") }, "c");
  await attempt({ PATH: "/bin" }, "a");
  assert.deepEqual(calls, [
    "loader (module-exec) exited with exit code 7",
    "loader (module-exec) exited with exit code 7",
    "loader (module-python-exec) exited with exit code 7",
    "this module runs through flux-core's 'flux module-exec', and neither FLUX_EXEC_PATH nor PATH leads to that",
  ]);
  const lines = (await readFile(files.of("calls"), "utf8")).trim().split("\n");
  assert.deepEqual(lines, [
    `own ${files.of("a.so")}`,
    `flux module-exec ${files.of("b.so.0.0.0")}`,
    `flux module-python-exec ${files.of("c.py")}`,
  ]);
});
