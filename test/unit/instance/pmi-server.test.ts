import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { PmiServer } from "../../../src/instance/pmi-server.ts";
import { PmiSimple } from "../../../src/instance/pmi-simple.ts";
import { PmiSockets } from "../../../src/instance/pmi-sockets.ts";

const MAPPING = { PMI_process_mapping: "(vector,(0,1,2))" };

/** What a rank is told for a line, without what others are told. */
function answers(server: PmiServer, line: string, rank = 0): string[] {
  return server.take(rank, line).map((action) => (action.act === "tell" ? action.line : action.act));
}

describe("a PMI server", () => {
  test("answers line by line what flux-start answers", () => {
    const server = new PmiServer({ size: 2, entries: MAPPING });
    const dialogue = [
      ["cmd=init pmi_version=1 pmi_subversion=1", "cmd=response_to_init rc=0 pmi_version=1 pmi_subversion=1"],
      ["cmd=init pmi_version=1 pmi_subversion=9", "cmd=response_to_init rc=0 pmi_version=1 pmi_subversion=1"],
      ["cmd=init pmi_version=1 pmi_subversion=0", "cmd=response_to_init rc=-1"],
      ["cmd=init pmi_version=2 pmi_subversion=0", "cmd=response_to_init rc=-1"],
      ["cmd=get_maxes", "cmd=maxes rc=0 kvsname_max=64 keylen_max=64 vallen_max=1024"],
      ["cmd=get_appnum", "cmd=appnum rc=0 appnum=0"],
      ["cmd=get_universe_size", "cmd=universe_size rc=0 size=2"],
      ["cmd=get_my_kvsname", "cmd=my_kvsname rc=0 kvsname=-"],
      ["cmd=get kvsname=- key=PMI_process_mapping", "cmd=get_result rc=0 value=(vector,(0,1,2))"],
      ["cmd=get kvsname=- key=flux.instance-level", "cmd=get_result rc=4"],
      ["cmd=put kvsname=- key=a value=b c=d ", "cmd=put_result rc=0"],
      ["cmd=get kvsname=- key=a", "cmd=get_result rc=0 value=b c=d "],
      ["cmd=put kvsname=- key=a value=2", "cmd=put_result rc=0"],
      ["cmd=get kvsname=other key=a", "cmd=get_result rc=0 value=2"],
      ["cmd=put kvsname=- key=empty value=", "cmd=put_result rc=0"],
      ["cmd=get kvsname=- key=empty", "cmd=get_result rc=0 value="],
      ["cmd=publish_name service=a port=b", "cmd=publish_result rc=-1 msg=command not implemented"],
      ["cmd=unpublish_name service=a", "cmd=unpublish_result rc=-1 msg=command not implemented"],
      ["cmd=lookup_name service=a", "cmd=lookup_result rc=-1 msg=command not implemented"],
    ] as const;
    for (const [line, answer] of dialogue) assert.deepEqual(answers(server, line), [answer], line);
    assert.deepEqual(answers(server, "cmd=finalize"), ["cmd=finalize_ack rc=0", "close"]);
    assert.deepEqual(answers(new PmiServer({ size: 1, name: "job" }), "cmd=get_my_kvsname"), [
      "cmd=my_kvsname rc=0 kvsname=job",
    ]);
  });

  test("takes keys and values up to their length, in bytes", () => {
    const server = new PmiServer({ size: 1 });
    const put = (key: string, value: string) =>
      answers(server, `cmd=put kvsname=- key=${key} value=${value}`)[0];
    assert.equal(put("k".repeat(63), "v".repeat(1023)), "cmd=put_result rc=0");
    assert.equal(put("k".repeat(64), "1"), "cmd=put_result rc=5");
    assert.equal(put("k", "v".repeat(1024)), "cmd=put_result rc=7");
    assert.equal(put("k", "ü".repeat(512)), "cmd=put_result rc=7");
    assert.deepEqual(answers(server, `cmd=get kvsname=- key=${"k".repeat(63)}`), [
      `cmd=get_result rc=0 value=${"v".repeat(1023)}`,
    ]);
    assert.deepEqual(answers(server, `cmd=get kvsname=- key=${"k".repeat(64)}`), ["cmd=get_result rc=5"]);
    assert.deepEqual(answers(server, "cmd=get kvsname=- key=k"), ["cmd=get_result rc=4"]);
  });

  test("keeps so many keys and no more", () => {
    const server = new PmiServer({ size: 1, entries: Object.fromEntries(Array(65_535).fill(0).entries()) });
    const put = (key: string) => answers(server, `cmd=put kvsname=- key=${key} value=`);
    assert.deepEqual(["a", "b", "a"].map(put), [
      ["cmd=put_result rc=0"],
      ["cmd=put_result rc=2"],
      ["cmd=put_result rc=0"],
    ]);
  });

  test("lets all go from the barrier when the last has come, time after time", () => {
    const server = new PmiServer({ size: 3 });
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(server.take(2, "cmd=barrier_in"), []);
      assert.deepEqual(answers(server, "cmd=get kvsname=- key=nope", 1), ["cmd=get_result rc=4"]);
      assert.deepEqual(server.take(0, "cmd=barrier_in"), []);
      assert.deepEqual(
        server.take(1, "cmd=barrier_in"),
        [0, 1, 2].map((rank) => ({ act: "tell", rank, line: "cmd=barrier_out rc=0" })),
      );
    }
    server.take(0, "cmd=barrier_in");
    assert.throws(() => server.take(0, "cmd=barrier_in"), { code: "EPROTO", message: /waits already/ });
  });

  test("knows a rank that gives up", () => {
    const server = new PmiServer({ size: 1 });
    const abort = (line: string) => server.take(0, line)[0];
    assert.deepEqual(abort("cmd=abort exitcode=7 error_msg=oh no"), {
      act: "abort",
      rank: 0,
      status: 7,
      text: "oh no",
    });
    assert.deepEqual(abort("cmd=abort"), { act: "abort", rank: 0, status: 1, text: "aborted" });
  });

  test("does not start processes", () => {
    const server = new PmiServer({ size: 2 });
    for (const line of ["mcmd=spawn", "nprocs=1", "cmd=get_maxes"])
      assert.deepEqual(server.take(1, line), []);
    assert.equal(answers(server, "cmd=get_appnum", 0).length, 1);
    assert.deepEqual(answers(server, "endcmd", 1), ["cmd=spawn_result rc=-1"]);
    assert.equal(answers(server, "cmd=get_appnum", 1).length, 1);
  });

  test("refuses what is no request", () => {
    const server = new PmiServer({ size: 1 });
    const wrong = [
      "",
      "nope",
      "cmd=",
      "cmd=nope",
      "cmd=get_ranks2hosts",
      "mcmd=nope",
      "endcmd",
      "cmd=init",
      "cmd=init pmi_version=1",
      "cmd=init pmi_version=x pmi_subversion=1",
      "cmd=get key=a",
      "cmd=get kvsname=-",
      "cmd=put kvsname=- value=1",
      "cmd=put kvsname=- key=a",
      "cmd=put key=a value=1",
      "cmd=constructor",
      "\u0000\u0001\uffff",
    ];
    for (const line of wrong) assert.throws(() => server.take(0, line), { code: "EPROTO" }, line);
    assert.deepEqual(answers(server, "cmd=get_appnum"), ["cmd=appnum rc=0 appnum=0"]);
  });
});

/** Two ends of a socket. */
function pair(): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        other().push(chunk);
        done();
      },
      final(done) {
        other().push(null);
        done();
      },
      destroy(error, done) {
        other().push(null);
        done(error);
      },
    });
  const near: Duplex = end(() => far);
  const far: Duplex = end(() => near);
  return [near, far];
}

describe("the sockets of a PMI server", () => {
  test("bring clients together", async () => {
    const failures: string[] = [];
    const trace: string[] = [];
    const sockets = new PmiSockets({
      server: new PmiServer({ size: 2, entries: MAPPING }),
      failed: (rank, text) => failures.push(`${rank}: ${text}`),
      trace: (rank, text) => trace.push(`${rank}: ${text}`),
    });
    const clients = await Promise.all(
      [0, 1].map((rank) => {
        const [near, far] = pair();
        sockets.attach(rank, near);
        return PmiSimple.open({ socket: far, rank, size: 2 });
      }),
    );
    const met = clients.map(async (pmi) => {
      await pmi.put(String(pmi.rank), `card of ${pmi.rank}`);
      await pmi.barrier();
      const card = await pmi.get(String(1 - pmi.rank));
      await pmi.barrier();
      await pmi.finalize();
      return card;
    });
    assert.deepEqual(await Promise.all(met), ["card of 1", "card of 0"]);
    assert.deepEqual(failures, []);
    assert.deepEqual(trace.filter((line) => line.startsWith("1: ")).slice(-2), [
      "1: C: cmd=finalize",
      "1: S: cmd=finalize_ack rc=0",
    ]);
  });

  /** What becomes of a rank that writes the chunks. */
  function write(chunks: readonly string[]) {
    const failures: unknown[] = [];
    const sockets = new PmiSockets({
      server: new PmiServer({ size: 1 }),
      failed: (...failure) => failures.push(failure),
    });
    const [near, far] = pair();
    sockets.attach(0, near);
    let told = "";
    far.on("data", (text) => {
      told += text;
    });
    for (const chunk of chunks) near.emit("data", Buffer.from(chunk));
    return { failures, near, sockets, told: () => told };
  }

  test("take lines in pieces, and several at once", async () => {
    const { failures, told } = write(["cmd=get_app", "num", "\ncmd=get_appnum\ncmd=get_universe_size\ncm"]);
    await new Promise(setImmediate);
    assert.equal(
      told(),
      "cmd=appnum rc=0 appnum=0\ncmd=appnum rc=0 appnum=0\ncmd=universe_size rc=0 size=1\n",
    );
    assert.deepEqual(failures, []);
  });

  test("close on a rank that gives up, or that sends what is no request or no line", () => {
    const abort = write(["cmd=abort exitcode=3 error_msg=enough\ncmd=get_maxes\n"]);
    assert.deepEqual([abort.failures, abort.near.destroyed], [[[0, "enough", 3]], true]);
    const wrong = write(["cmd=nope\n", "cmd=nope\n"]);
    assert.deepEqual(wrong.failures, [[0, 'PMI: unknown command: "cmd=nope"', undefined]]);
    const endless = write(["x".repeat(4096), "x"]);
    assert.deepEqual(endless.failures, [[0, "PMI: a line of more than 4096 bytes", undefined]]);
    const open = write([]);
    open.sockets.close();
    assert.equal(open.near.destroyed, true);
    assert.deepEqual(open.failures, []);
  });
});
