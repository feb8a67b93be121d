import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Flux } from "../../src/client/index.ts";
import { EventLog, replayMethods } from "../../src/replay/index.ts";
import { TestInstance } from "../../src/testing/index.ts";
import { CliProcess, fluxbus, type Outcome } from "./cli-process.ts";

const TOPICS = ["job.a", "job.b", "node.a", "job.c", "node.b", "job.d"];

describe("fluxbus event, on events of the past", () => {
  let instance: TestInstance;
  let flux: Flux;
  let epoch = 0;
  before(async () => {
    // Of the six events it keeps the last four.
    instance = await TestInstance.start({ events: { ring: { events: 4 } } });
    flux = await instance.connect();
    for (const [index, topic] of TOPICS.entries()) await flux.publish(topic, { n: index + 1 });
    epoch = instance.broker.events!.last.epoch;
  });
  after(() => instance.stop());

  const run = (...words: string[]): Promise<Outcome> => fluxbus(["event", ...words], { uri: instance.uri });
  const lines = async (...words: string[]): Promise<string[]> => {
    const { stdout, stderr, status } = await run(...words);
    assert.deepEqual({ stderr, status }, { stderr: "", status: 0 }, words.join(" "));
    return stdout.trimEnd().split("\n");
  };

  test("log prints position, time, topic and payload of what is kept", async () => {
    const [all, some, part, limited] = await Promise.all([
      lines("log"),
      lines("log", "--prefix", "node."),
      lines("log", "--from", `${epoch}:3`, "--to", "5"),
      lines("log", "-c", "1", "--from=-10m"),
    ]);
    const pattern = (seq: number, topic: string): RegExp =>
      new RegExp(String.raw`^${epoch}:${seq}\t\d{4}-\d\d-\d\dT[\d:.]+Z\t${topic}\t\{"n":${seq}\}$`);
    const expected: [string[], [number, string][]][] = [
      [
        all,
        [
          [3, "node.a"],
          [4, "job.c"],
          [5, "node.b"],
          [6, "job.d"],
        ],
      ],
      [
        some,
        [
          [3, "node.a"],
          [5, "node.b"],
        ],
      ],
      [
        part,
        [
          [4, "job.c"],
          [5, "node.b"],
        ],
      ],
      [limited, [[3, "node.a"]]],
    ];
    for (const [found, events] of expected) {
      assert.equal(found.length, events.length, found.join("\n"));
      for (const [index, [seq, topic]] of events.entries()) assert.match(found[index]!, pattern(seq, topic));
    }
  });

  test("log --json prints objects, what is lost among them; without it that is on stderr", async () => {
    const [json, text] = await Promise.all([
      lines("log", "--json", "--from", "0", "--to", `${epoch}:3`),
      run("log", "--from", "0", "--to", "3"),
    ]);
    const [lost, { time, ...event }] = json.map((line) => JSON.parse(line));
    assert.deepEqual(lost, { mark: "lost", epoch, first: 1, last: 2 });
    assert(Math.abs(Date.now() - Date.parse(time)) < 600_000, time);
    const expected = {
      epoch,
      seq: 3,
      topic: "node.a",
      userid: process.getuid!(),
      rolemask: 5,
      private: false,
    };
    assert.deepEqual(event, { ...expected, payload: { n: 3 } });
    assert.equal(text.stderr, `fluxbus event log: lost: events 1 to 2 of epoch ${epoch}\n`);
    assert.match(text.stdout, new RegExp(`^${epoch}:3\t[^\n]*\n$`));
  });

  test("log says why it can't begin there", async () => {
    const [ahead, none, badEnd] = await Promise.all([
      run("log", "--from", "99"),
      run("log", "--from", "yesterday"),
      run("log", "--to", "now"),
    ]);
    const text = `event ${epoch}:99 has not come yet: the last is ${epoch}:6`;
    assert.deepEqual([ahead.stderr, ahead.status], [`fluxbus event log: --from: ${text}\n`, 1]);
    assert.match(none.stderr, /'yesterday' is invalid\. Expected EPOCH:SEQ, SEQ, begin, now, a date/);
    assert.match(badEnd.stderr, /'now' is invalid\. Expected EPOCH:SEQ or SEQ\./);
    assert.deepEqual([none.status, badEnd.status], [2, 2]);
  });

  test("sub --since begins in the past and goes on with what comes", async () => {
    const past = await lines("sub", "--since", "3", "-c", "2", "job.", "job.c");
    assert.deepEqual(past, ['job.c\t{"n":4}', 'job.d\t{"n":6}']);
    const sub = new CliProcess(["event", "sub", "--since", "3", "-c", "4", "live.", "node.", "x"], {
      uri: instance.uri,
    });
    await sub.wrote(/node\.b/);
    for (const topic of ["live.1", "job.e", "live.2", "x"]) await flux.publish(topic);
    const { stdout, stderr, status } = await sub.outcome;
    assert.deepEqual([stderr, status], ["", 0]);
    assert.equal(stdout, 'node.b\t{"n":5}\nlive.1\t\nlive.2\t\nx\t\n');
  });

  test("sub --since tells what is lost, and with --marks how far all is told", async () => {
    await flux.publish("end");
    const last = (await flux.publish("end")).seq;
    const first = last - 3;
    const [text, json, wrong] = await Promise.all([
      run("sub", "--since", "1", "-c", "1", "end"),
      run("sub", "--since", "1", "-c", "1", "end", "--json", "--marks"),
      run("sub", "--marks"),
    ]);
    const lost = `lost: events 2 to ${first - 1} of epoch ${epoch}`;
    assert.deepEqual([text.stderr, text.stdout], [`fluxbus event sub: ${lost}\n`, "end\t\n"]);
    const told = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(told.slice(0, 2), [
      { mark: "complete", epoch, seq: 1 },
      { mark: "lost", epoch, first: 2, last: first - 1 },
    ]);
    assert.deepEqual(told.at(-1), { epoch, seq: last - 1, ...OWN, topic: "end", private: false });
    assert.deepEqual(
      [wrong.stderr, wrong.status],
      ["fluxbus event sub: --marks can only be used with --since\n", 2],
    );
  });

  test("stat prints what is kept", async () => {
    const [text, json, nowhere] = await Promise.all([
      lines("stat"),
      lines("stat", "--json", "--rank", "0"),
      run("stat", "-r", "7"),
    ]);
    assert.match(text.join("\n"), new RegExp(`^last +${epoch}:\\d+\nfirst +${epoch}:\\d+\nepoch +\\d{4}-`));
    assert.match(text.join("\n"), /^ring +events 4, bytes \d+, taken \d+, dropped \d+, lost 0\ndisk +-$/m);
    assert.deepEqual(Object.keys(JSON.parse(json[0]!)).slice(0, 3), ["epoch", "last", "first"]);
    assert.deepEqual([nowhere.status, nowhere.stdout], [1, ""]);
    assert.match(nowhere.stderr, /^fluxbus event stat: event\.stat: /);
  });
});

const OWN = { userid: process.getuid!(), rolemask: 5 };

describe("fluxbus event beside a broker that keeps no events", () => {
  test("asks the module event-log, and says so when there is none", async () => {
    await using instance = await TestInstance.start({ events: null });
    const run = (...words: string[]): Promise<Outcome> => fluxbus(["event", ...words], { uri: instance.uri });
    const none = await Promise.all([run("log"), run("stat", "--json"), run("sub", "--since", "begin")]);
    assert.deepEqual(
      none.map(({ status }) => status),
      [1, 1, 1],
    );
    assert.match(none[0].stderr, /^fluxbus event log: event\.stat: no events are kept here: /);
    assert.equal(JSON.parse(none[1].stderr).code, "ENOSYS");
    assert.match(none[2].stderr, /^fluxbus event sub: --since: /);

    const flux = await instance.connect();
    const log = new EventLog({ rank: 0, schedule: (call) => setImmediate(call) });
    await using _service = await flux.serve("event-log", replayMethods(log));
    await using own = flux.subscribe("");
    await own.ready;
    for (const topic of ["a", "b"]) await flux.publish(topic);
    for (const _topic of ["a", "b"]) log.append((await own.next()).value!.message);
    const [kept, stat, sub] = await Promise.all([
      run("log"),
      run("stat"),
      run("sub", "--since", "begin", "-c", "2"),
    ]);
    assert.match(kept.stdout, /^\d+:1\t.*\ta\t\n\d+:2\t.*\tb\t\n$/);
    assert.match(stat.stdout, /^last +\d+:2$/m);
    assert.equal(sub.stdout, "a\t\nb\t\n");
    log.stop();
  });
});
