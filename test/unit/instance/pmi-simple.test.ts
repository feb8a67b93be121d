import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { bootstrap } from "../../../src/instance/bootstrap.ts";
import { PmiSimple, parseLine } from "../../../src/instance/pmi-simple.ts";

/** A process manager that answers by a table of questions, and hangs up at one that is not there. */
function manager(answers: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      const line = String(chunk).trimEnd();
      asked.push(line);
      const answer = answers[line];
      this.push(answer === undefined ? null : `${answer}\n`);
      done();
    },
  });
  return { asked, socket };
}

const HELLO = {
  "cmd=init pmi_version=1 pmi_subversion=1": "cmd=response_to_init rc=0 pmi_version=1 pmi_subversion=1",
  "cmd=get_maxes": "cmd=maxes rc=0 kvsname_max=64 keylen_max=64 vallen_max=1024",
  "cmd=get_my_kvsname": "cmd=my_kvsname rc=0 kvsname=job7",
  "cmd=finalize": "cmd=finalize_ack rc=0",
};

describe("PMI", () => {
  test("a value runs to the end of its line", () => {
    assert.deepEqual(parseLine("cmd=get_result rc=0 value=a b=c found=TRUE"), {
      cmd: "get_result",
      rc: "0",
      value: "a b=c",
    });
    assert.deepEqual(parseLine("cmd=get_result rc=4"), { cmd: "get_result", rc: "4" });
  });

  test("asks in turn, and says good-bye once", async () => {
    const { asked, socket } = manager({
      ...HELLO,
      "cmd=get kvsname=job7 key=there": "cmd=get_result rc=0 value=x y",
      "cmd=get kvsname=job7 key=missing": "cmd=get_result rc=4",
      "cmd=put kvsname=job7 key=k value=v": "cmd=put_result rc=0",
      "cmd=barrier_in": "cmd=barrier_out rc=0",
    });
    const trace: string[] = [];
    const pmi = await PmiSimple.open({ socket, rank: 0, size: 1, trace: (text) => trace.push(text) });
    assert.equal(pmi.name, "job7");
    assert.equal(await pmi.get("there"), "x y");
    assert.equal(await pmi.get("missing"), undefined);
    await pmi.put("k", "v");
    await pmi.barrier();
    await Promise.all([pmi.finalize(), pmi.finalize()]);
    assert.equal(asked.filter((line) => line === "cmd=finalize").length, 1);
    assert.deepEqual(trace.slice(0, 2), [
      "C: cmd=init pmi_version=1 pmi_subversion=1",
      "S: cmd=response_to_init rc=0 pmi_version=1 pmi_subversion=1",
    ]);
    assert.equal(socket.destroyed, true);
  });

  test("an answer that is none, and a manager that hangs up, are errors", async () => {
    const odd = manager({ ...HELLO, "cmd=get_maxes": "cmd=maxes rc=-1" });
    await assert.rejects(PmiSimple.open({ socket: odd.socket, rank: 0, size: 1 }), { code: "EPROTO" });
    const { "cmd=get_my_kvsname": _, ...rest } = HELLO;
    const gone = manager(rest);
    await assert.rejects(PmiSimple.open({ socket: gone.socket, rank: 0, size: 1 }), { code: "ECONNRESET" });
    assert.equal(gone.socket.destroyed, true);
  });
});

describe("bootstrap", () => {
  test("without a process manager a broker is by itself", async () => {
    const boot = await bootstrap({ env: {}, methods: undefined });
    assert.deepEqual(
      [boot.method, boot.rank, boot.size, boot.level, boot.jobid],
      ["single", 0, 1, 0, undefined],
    );
    const env = { PMI_FD: "3", PMI_RANK: "0", PMI_SIZE: "2", FLUX_PMI_CLIENT_METHODS: "single" };
    assert.equal((await bootstrap({ env, methods: undefined })).method, "single");
  });

  test("a number that is no socket's is left over from elsewhere", async () => {
    const env = { PMI_FD: "9999", PMI_RANK: "0", PMI_SIZE: "1" };
    assert.equal((await bootstrap({ env, methods: undefined })).method, "single");
  });

  test("unknown methods and those that are not to be had are errors", async () => {
    await assert.rejects(bootstrap({ env: {}, methods: "nope" }), {
      code: "EINVAL",
      message: "bootstrap: unknown method nope: known are config, simple, single",
    });
    await assert.rejects(bootstrap({ env: {}, methods: "simple" }), { code: "ENOENT" });
  });
});
