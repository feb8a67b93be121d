import assert from "node:assert/strict";
import { test } from "node:test";
import { type Decision, decideRequest } from "../../../src/broker/index.ts";
import { Message, MessageFlag, NODEID_ANY, serviceOf } from "../../../src/message/index.ts";

const HERE: Decision<string> = { to: "service", endpoint: "it" };
const PARENT: Decision<string> = { to: "parent" };
const UNREACHABLE: Decision<string> = { to: "requester", code: "EHOSTUNREACH", text: undefined };
const unknown = (topic: string): Decision<string> => ({
  to: "requester",
  code: "ENOSYS",
  text: `No service matching ${topic} is registered`,
});
const toRank = (rank: number): Decision<string> => ({ to: "rank", rank });

/** Own rank, nodeid, upstream?, topic, decision; only the service `here` is there. */
const TABLE: readonly (readonly [number, number, boolean, string, Decision<string>])[] = [
  // Any rank: the service here, else up, and at the root there is no further.
  [0, NODEID_ANY, false, "here.a", HERE],
  [0, NODEID_ANY, false, "here", HERE],
  [0, NODEID_ANY, false, "here.a.b", HERE],
  [0, NODEID_ANY, false, "hereabouts.a", unknown("hereabouts.a")],
  [0, NODEID_ANY, false, "gone.a", unknown("gone.a")],
  [0, NODEID_ANY, false, "", unknown("")],
  [3, NODEID_ANY, false, "here.a", HERE],
  [3, NODEID_ANY, false, "gone.a", PARENT],
  // This rank: the service here or nothing.
  [0, 0, false, "here.a", HERE],
  [0, 0, false, "gone.a", unknown("gone.a")],
  [3, 3, false, "here.a", HERE],
  [3, 3, false, "gone.a", unknown("gone.a")],
  // Another rank: there, whatever is here.
  [0, 3, false, "here.a", toRank(3)],
  [3, 0, false, "here.a", toRank(0)],
  [3, 4, false, "gone.a", toRank(4)],
  // Upstream of this rank: the parent, whatever is here; the root has none.
  [0, 0, true, "here.a", UNREACHABLE],
  [3, 3, true, "here.a", PARENT],
  [3, 3, true, "gone.a", PARENT],
  // Upstream of a rank below: this may be it.
  [0, 3, true, "here.a", HERE],
  [0, 3, true, "gone.a", unknown("gone.a")],
  [1, 3, true, "here.a", HERE],
  [1, 3, true, "gone.a", PARENT],
  [0, NODEID_ANY, true, "here.a", HERE],
];

test("where a request goes", () => {
  for (const [rank, nodeid, upstream, topic, decision] of TABLE) {
    const message = Message.request({ topic, nodeid, flags: upstream ? MessageFlag.UPSTREAM : 0 });
    const view = { rank, provider: (name: string) => (serviceOf(name) === "here" ? "it" : undefined) };
    assert.deepEqual(
      decideRequest(message, topic, view),
      decision,
      `rank ${rank}, nodeid ${nodeid}${upstream ? " upstream" : ""}, ${topic}`,
    );
  }
});

test("the ENOSYS text has 63 characters at most", () => {
  const topic = `${"abcdefghijklmnopqrstuvwxyz0123456789".repeat(2)}.ping`;
  const decision = decideRequest(Message.request({ topic }), topic, { rank: 0, provider: () => undefined });
  assert.deepEqual(decision, {
    to: "requester",
    code: "ENOSYS",
    text: "No service matching abcdefghijklmnopqrstuvwxyz0123456789abcdefg",
  });
});
