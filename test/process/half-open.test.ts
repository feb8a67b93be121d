import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import { BOOT_MS, BrokerProcesses } from "../helpers/broker-processes.ts";
import { curveGreeting, knock } from "../helpers/stranger.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { processFigures } from "../helpers/tree-figures.ts";
import { TreeTraffic } from "../helpers/tree-traffic.ts";
import { until } from "../helpers/until.ts";

const DESCRIPTORS = 256;
const CONNECTIONS = 500;
/** Requests that have to be answered while strangers are there. */
const GOES_ON = 60;
/** Longest wait for a new child, whose attempts to connect are further and further apart, in milliseconds. */
const JOIN_MS = 60_000;

describe("connections that do not finish their handshake, at a broker with 256 descriptors", () => {
  let folder: TemporaryFolder;
  let brokers: BrokerProcesses;
  let handles: Flux[];
  let traffic: TreeTraffic;
  const used = (): number => processFigures(brokers.processes.get(0)!.child.pid!).handles;
  const online = async (rank: number): Promise<boolean> => {
    const { children } = await handles[0]!.rpc<{ children: { rank: number; status: string }[] }>(
      "overlay.health",
    );
    return children.some((child) => child.rank === rank && child.status === "full");
  };

  before(async () => {
    folder = await TemporaryFolder.make();
    brokers = await BrokerProcesses.configured(folder.path, {
      size: 4,
      topology: "kary:4",
      carrier: "tcp",
      attributes: { "tbon.handshake-timeout": "1s", "broker.quorum": "2" },
      descriptors: (rank) => (rank === 0 ? DESCRIPTORS : undefined),
      runMs: 240_000,
    });
    for (const rank of [0, 1]) brokers.start(rank);
    handles = await Promise.all([0, 1].map((rank) => brokers.connect(rank)));
    await Promise.all(handles.map((flux) => flux.rpc("state-machine.wait", {}, { timeoutMs: BOOT_MS })));
    traffic = await TreeTraffic.between(handles);
    await traffic.goesOn(GOES_ON);
  });

  after(async () => {
    try {
      await Promise.all(handles.map((flux) => flux.close()));
    } finally {
      await brokers.kill();
      await folder[Symbol.asyncDispose]();
    }
  });

  for (const [rank, what, bytes] of [
    [2, "500 that say nothing", undefined],
    [3, "500 that greet and say no more", curveGreeting()],
  ] as const) {
    test(`${what}: descriptors are left, who is there goes on, and a new child enters`, async () => {
      const sockets = knock(brokers.endpoints[0]!, CONNECTIONS, bytes);
      let most = 0;
      try {
        await until(() => sockets.some(({ connecting }) => !connecting), "connections");
        const started = traffic.answered;
        while (traffic.answered < started + GOES_ON) {
          await traffic.goesOn(5);
          most = Math.max(most, used());
        }
        brokers.start(rank);
        await until(() => online(rank), "the new child", JOIN_MS);
        await using another = await brokers.connect(0);
        assert.equal((await another.ping("broker", { nodeid: rank })).rank, rank);
      } finally {
        for (const socket of sockets) socket.destroy();
      }
      assert(most < DESCRIPTORS - 20, `${most} descriptors`);
      assert.equal(await online(1), true);
    });
  }

  test("nothing that passed meanwhile was lost, and the descriptors come back", async () => {
    await until(() => used() < 100, "the end of the connections", BOOT_MS);
    await traffic.close();
  });
});
