import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { FLUX_VERSION } from "../../src/broker/index.ts";
import type { Flux } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { parseVersion } from "../../src/overlay/index.ts";
import { BOOT_MS, BrokerProcesses } from "../helpers/broker-processes.ts";
import { curveGreeting, openSockets, sayHello } from "../helpers/stranger.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { processFigures } from "../helpers/tree-figures.ts";
import { TreeTraffic } from "../helpers/tree-traffic.ts";
import { until } from "../helpers/until.ts";

const VERSION = parseVersion(FLUX_VERSION)!;
/** Requests that have to be answered while a stranger is there. */
const GOES_ON = 60;
/** Connections with noise of each kind, and those that say nothing. */
const NOISY = 5;
const SILENT = 100;

describe("strangers at the port of rank 0", () => {
  let folder: TemporaryFolder;
  let brokers: BrokerProcesses;
  let handles: Flux[];
  let traffic: TreeTraffic;
  let handlesBefore: number;
  const log: string[] = [];

  /** Resolves to the line of the log of rank 0, written since `start`, that matches. */
  const logged = async (pattern: RegExp, start = 0): Promise<string> => {
    const find = (): string | undefined => log.slice(start).find((line) => pattern.test(line));
    await until(() => find() !== undefined, `${pattern} in the log`, BOOT_MS);
    return find()!;
  };
  const leaderFigures = () => processFigures(brokers.processes.get(0)!.child.pid!);
  const status = async () => (await handles[0]!.rpc("overlay.health"))["status"];

  before(async () => {
    folder = await TemporaryFolder.make();
    brokers = await BrokerProcesses.configured(folder.path, {
      size: 3,
      topology: "kary:2",
      carrier: "tcp",
      runMs: 120_000,
    });
    await brokers.startAll();
    handles = await Promise.all([0, 1, 2].map((rank) => brokers.connect(rank)));
    await Promise.all(handles.map((flux) => flux.rpc("state-machine.wait", {}, { timeoutMs: BOOT_MS })));
    void (async () => {
      for await (const { text } of handles[0]!.callStream("log.dmesg", { follow: true }))
        log.push(text ?? "");
    })().catch(() => {});
    traffic = await TreeTraffic.between(handles);
    await traffic.goesOn(GOES_ON);
    handlesBefore = leaderFigures().handles;
  });

  after(async () => {
    try {
      await Promise.all(handles.map((flux) => flux.close()));
    } finally {
      await brokers.kill();
      await folder[Symbol.asyncDispose]();
    }
  });

  test("a broker with another key is not let in", async () => {
    await using elsewhere = await TemporaryFolder.make();
    const other = await BrokerProcesses.configured(elsewhere.path, {
      size: 3,
      topology: "kary:2",
      endpoints: brokers.endpoints,
    });
    try {
      const stranger = other.start(1);
      await logged(/ overlay .*handshake:error/);
      await using below = await other.connect(1);
      assert.equal((await below.rpc("state-machine.get"))["state"], "join");
      await traffic.goesOn(GOES_ON);
      assert.equal((await stranger.end("SIGTERM")).status, 0);
    } finally {
      await other.kill();
    }
    assert.equal(await status(), "full");
  });

  const hellos: readonly [string, object, string, RegExp][] = [
    [
      "of another version",
      { rank: 1, version: VERSION + 0x100, hostname: "fake1" },
      "client (0.89.0) version mismatched with server (0.88.0)",
      /rejecting connection from fake1 \(rank 1\): client \(0\.89\.0\) version mismatched with server \(0\.88\.0\)/,
    ],
    [
      "on another host",
      { rank: 2, version: VERSION, hostname: "fake7" },
      "",
      /rejecting connection from fake7 \(rank 2\): fake2 is configured as rank 2: mismatched config\?/,
    ],
    [
      "of a rank that is not there",
      { rank: 9, version: VERSION },
      "rank 9 is not a child of rank 0: mismatched config?",
      /rejecting connection from .* \(rank 9\): rank 9 is not a child of rank 0: mismatched config\?/,
    ],
    [
      "of the rank itself",
      { rank: 0, version: VERSION, hostname: "fake0" },
      "rank 0 is not a child of rank 0: mismatched config?",
      /rejecting connection from fake0 \(rank 0\): rank 0 is not a child of rank 0: mismatched config\?/,
    ],
    [
      "that makes no sense",
      { rank: "one" },
      "",
      /DROP downstream request topic overlay\.hello .*: malformed message/,
    ],
  ];
  for (const [who, fields, text, line] of hellos) {
    test(`a hello ${who} is refused`, async () => {
      const answer = await sayHello(brokers.endpoints[0]!, brokers.cert, fields);
      assert.equal(answer.errnum, who.endsWith("sense") ? 71 : 22);
      assert.equal(answer.text ?? "", text);
      await logged(line);
      await traffic.goesOn(GOES_ON);
      assert.equal(await status(), "full");
    });
  }

  const noise: readonly [string, Uint8Array][] = [
    ["random bytes", randomBytes(4096)],
    ["a request of HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: flux\r\n\r\n".repeat(8))],
    ["a greeting and random bytes", Buffer.concat([curveGreeting(), randomBytes(4096)])],
  ];
  for (const [what, bytes] of noise) {
    test(`${what} on the port end the connection`, async () => {
      const sockets = await openSockets(brokers.endpoints[0]!, NOISY, bytes);
      try {
        await until(() => sockets.every((socket) => socket.closed), "the end of the connections", BOOT_MS);
        await traffic.goesOn(GOES_ON);
        assert.equal(await status(), "full");
      } finally {
        for (const socket of sockets) socket.destroy();
      }
    });
  }

  test("connections that greet and say no more cost a handle each, until they end; those that say nothing none", async () => {
    const sockets = await openSockets(brokers.endpoints[0]!, SILENT);
    await traffic.goesOn(GOES_ON);
    assert(leaderFigures().handles < handlesBefore + SILENT / 2, "handles of silent connections");
    sockets.push(...(await openSockets(brokers.endpoints[0]!, SILENT, curveGreeting())));
    try {
      await until(() => leaderFigures().handles >= handlesBefore + SILENT, "connections", BOOT_MS);
      await traffic.goesOn(GOES_ON);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await until(() => leaderFigures().handles <= handlesBefore + 1, "the end of them all", BOOT_MS);
    assert.equal(await status(), "full");
  });

  test("nothing that passed meanwhile was lost", async () => {
    await traffic.close();
  });

  test("of two brokers of one rank the newer stays", async () => {
    const others = [handles[0]!, handles[2]!];
    const between = await TreeTraffic.between(others, [0, 2]);
    const old = brokers.processes.get(1)!;
    const newer = folder.of("newer");
    await mkdir(newer, { mode: 0o700 });
    brokers.start(1, { rundir: newer, "local-uri": `local://${newer}/local` });
    await logged(/fake1 \(rank 1\) reconnected after crash, dropping old connection state/);
    assert.equal((await old.outcome).status, 1);
    await until(() => existsSync(`${newer}/local`), "the newer one listens", BOOT_MS);
    await using flux = await connect(`local://${newer}/local`, { env: {} });
    await flux.rpc("state-machine.wait", {}, { timeoutMs: BOOT_MS });
    assert.equal((await flux.ping("broker", { nodeid: 2 })).rank, 2);
    await between.goesOn(GOES_ON);
    await between.close();
    assert.equal(await status(), "full");
  });

  test("each connection that was refused is in the log, those alike as a number", async () => {
    const refused = (): number => {
      const lines = log.filter((line) =>
        /child sockevent \S+ (handshake:error|disconnect: before)/.test(line),
      );
      return lines.reduce((sum, line) => sum + Number(/\((\d+) more\)$/.exec(line)?.[1] ?? 1), 0);
    };
    const connections = noise.length * NOISY + SILENT;
    await until(() => refused() >= connections, `${connections} connections in the log`, BOOT_MS);
  });
});
