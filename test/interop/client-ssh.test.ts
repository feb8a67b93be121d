import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { connect } from "../../src/connect/index.ts";
import { ProxyServer } from "../../src/proxy/index.ts";
import { type ConnectedInstance, FluxCoreInstance, TestInstance } from "../../src/testing/index.ts";
import { FakeSsh, FLUXBUS } from "../helpers/fake-ssh.ts";
import { drain } from "../helpers/rejects.ts";
import { runFlux } from "../helpers/run-flux.ts";

const BOUNDED = { timeout: 120_000 };
const run = promisify(execFile);
const remote = (uri: string) => uri.replace("local://", "ssh://there");

/** Calls, events and a service of `far` and `near`, two handles of one broker. */
async function exercise(instance: ConnectedInstance, uri: string, env: Record<string, string | undefined>) {
  await using far = await connect(uri, { env, onLog() {} });
  const near = await instance.connect();
  assert.equal((await far.ping()).rank, 0);
  await using events = far.subscribe("e");
  await events.ready;
  await near.publish("e.1", { n: 1 });
  assert.deepEqual((await events.next()).value?.json(), { n: 1 });
  await using _service = await far.serve("far", {
    *count({ to }) {
      for (let i = 0; i < to; i++) yield { i };
    },
  });
  assert.equal((await drain(near.stream("far.count", { to: 2000 }))).items.length, 2000);
}

const BROKERS = [
  ["flux-core", () => FluxCoreInstance.start()],
  ["fluxbus", () => TestInstance.start()],
] as const;
const RELAYS = [
  ["flux relay", undefined],
  ["fluxbus relay", FLUXBUS],
] as const;

for (const [broker, start] of BROKERS) {
  for (const [name, relay] of RELAYS) {
    test(`ssh:// to a broker of ${broker} by ${name}`, BOUNDED, async () => {
      await using instance = await start();
      using ssh = new FakeSsh();
      const env = { ...ssh.env(), FLUX_SSH_RCMD: relay };
      await exercise(instance, remote(instance.uri), env);
      assert.equal(
        await runFlux(["getattr", "size"], { ...env, FLUX_URI: remote(instance.uri) }),
        "1",
        "flux(1) goes the same way",
      );
    });
  }

  test(
    `a proxy before a broker of ${broker}, for programs of flux-core and of fluxbus`,
    BOUNDED,
    async () => {
      await using instance = await start();
      await using proxy = await ProxyServer.start({ uri: instance.uri, env: {}, onLog() {} });
      await exercise(instance, proxy.uri, {});
      assert.equal(await runFlux(["getattr", "size"], { FLUX_URI: proxy.uri }), "1");
      assert.match(
        await runFlux(["ping", "-c1", "broker"], { FLUX_URI: proxy.uri }),
        /0!broker\.ping .* \((\w+!){3}\w+\)$/,
      );
      const script =
        "flux event sub --count=1 a & flux event pub -l a.b hello; flux event pub a.c again; wait";
      const { stdout } = await run("sh", ["-c", script], { env: { ...process.env, FLUX_URI: proxy.uri } });
      assert.match(stdout, /^a\.(b\thello|c\tagain)$/m);
      const behind = ["proxy", proxy.uri, "flux", "getattr", "size"];
      assert.equal(await runFlux(behind, { FLUX_URI: instance.uri }), "1", "flux proxy behind a proxy");
    },
  );

  test(`flux proxy before a broker of ${broker}, with a client of fluxbus`, BOUNDED, async () => {
    await using instance = await start();
    const ping = `${FLUXBUS} ping -c1 broker`;
    assert.match(await runFlux(["proxy", instance.uri, ping], { FLUX_URI: instance.uri }), /0!broker\.ping/);
  });
}
