import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDuration } from "../../../src/base/index.ts";
import { nodeidOption, parseNodeid } from "../../../src/cli/arguments.ts";
import { command } from "../../../src/cli/commander.ts";
import { addInstanceOptions, instanceWords } from "../../../src/cli/instance-options.ts";
import { parsePingTarget } from "../../../src/cli/ping-target.ts";

describe("arguments of the command line", () => {
  test("durations are those of RFC 23", () => {
    const cases: [text: string, ms: number | undefined][] = [
      ["2", 2000],
      ["0.5", 500],
      [".5s", 500],
      ["10ms", 10],
      ["1.5m", 90_000],
      ["2h", 7_200_000],
      ["1d", 86_400_000],
      ["0", 0],
      ["inf", Number.POSITIVE_INFINITY],
      ["INFINITY", Number.POSITIVE_INFINITY],
      ["", undefined],
      ["-1", undefined],
      ["1w", undefined],
      ["1 s", undefined],
      ["s", undefined],
      [".", undefined],
    ];
    for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
  });

  test("node ids are ranks, any and upstream", () => {
    assert.deepEqual(["0", "17", "any", "upstream"].map(parseNodeid), [0, 17, "any", "upstream"]);
    assert.equal(parseNodeid("4294967293"), 4_294_967_293);
    for (const text of ["", "-1", "1.0", "4294967294", "host"])
      assert.equal(parseNodeid(text), undefined, text);
    assert.deepEqual(nodeidOption("upstream"), { upstream: true });
    assert.deepEqual(nodeidOption(0), { nodeid: 0 });
    assert.deepEqual([nodeidOption("any"), nodeidOption(undefined)], [{}, {}]);
  });

  test("targets of a ping name a service, a place, or both", () => {
    const hosts = "vm,node[1-2]";
    const parse = (target: string, rank?: string) => parsePingTarget(target, rank, hosts);
    assert.deepEqual(parse("broker"), { place: "any", service: "broker", nodeid: "any" });
    assert.deepEqual(parse("2"), { place: "2", service: "broker", nodeid: 2 });
    assert.deepEqual(parse("upstream"), { place: "upstream", service: "broker", nodeid: "upstream" });
    assert.deepEqual(parse("node2"), { place: "node2", service: "broker", nodeid: 2 });
    assert.deepEqual(parse("1!kvs"), { place: "1", service: "kvs", nodeid: 1 });
    assert.deepEqual(parse("kvs", "node1"), { place: "node1", service: "kvs", nodeid: 1 });
    assert.deepEqual(parse("0", "0"), { place: "0", service: "0", nodeid: 0 });
    assert.equal(parse("1!kvs", "1"), "--rank and TARGET both name a place");
    assert.equal(parse("node3!kvs"), "invalid nodeid/host: 'node3'");
    assert.equal(parse("1!"), "TARGET names no service");
    assert.equal(parse(""), "TARGET names no service");
  });

  test("options of a broker survive the way to its process", () => {
    const read = (words: readonly string[]) =>
      addInstanceOptions(command("x")).parse(words, { from: "user" }).opts();
    const words = [
      "--rundir=/a b",
      "--socket=/s",
      "--log-level=3",
      "--log-stderr-level=7",
      "--log-ring-size=9",
      "--allow-guests",
      "--allow-root-owner",
      "--client-queue=10",
      "--slow-client=drop-events",
      "--max-frame=20",
      "--setattr=a=b=c",
      "--setattr=d=",
    ];
    const flags = read(words);
    assert.equal(Object.keys(flags).length, 11);
    assert.deepEqual(instanceWords(flags), words);
    assert.deepEqual(read(["--log-level", "notice"])["logLevel"], 5);
    assert.deepEqual(instanceWords(read([])), []);
  });
});
