import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ErrnoName, errno } from "../../../src/base/index.ts";
import type { JsonObject } from "../../../src/json/index.ts";
import { Message, MessageFlag, Role } from "../../../src/message/index.ts";
import { encodeVersion, formatVersion, parseVersion } from "../../../src/overlay/index.ts";
import { TestTree } from "../../helpers/overlay-tree.ts";
import { until } from "../../helpers/until.ts";

describe("a hello", () => {
  interface Refusal {
    readonly fields: JsonObject;
    readonly rolemask?: number;
    readonly code: ErrnoName;
    /** Of the response, and the end of the line in the log. */
    readonly text?: string;
    readonly line: string;
  }
  const cases: Record<string, Refusal> = {
    "of another major version": {
      fields: { version: encodeVersion(1, 88, 0) },
      code: "EINVAL",
      text: "client (1.88.0) version mismatched with server (0.88.0)",
      line: "host1 (rank 1): client (1.88.0) version mismatched with server (0.88.0)",
    },
    "of another minor version": {
      fields: { version: encodeVersion(0, 87, 9) },
      code: "EINVAL",
      text: "client (0.87.9) version mismatched with server (0.88.0)",
      line: "host1 (rank 1): client (0.87.9) version mismatched with server (0.88.0)",
    },
    "of another host": {
      fields: { hostname: "other" },
      code: "EINVAL",
      line: "other (rank 1): host1 is configured as rank 1: mismatched config?",
    },
    "of a rank whose place is elsewhere": {
      fields: { rank: 3, hostname: "host3" },
      code: "EINVAL",
      text: "rank 3 is not a child of rank 0: mismatched config?",
      line: "host3 (rank 3): rank 3 is not a child of rank 0: mismatched config?",
    },
    "of a rank that does not exist": {
      fields: { rank: 99, hostname: "host99" },
      code: "EINVAL",
      line: "host99 (rank 99): (null) is configured as rank 99: mismatched config?",
    },
    "of a guest": {
      fields: {},
      rolemask: Role.USER,
      code: "EPERM",
      line: "host1 (rank 1): Operation not permitted",
    },
    "under another name than its connection's": {
      fields: { uuid: "somebody else" },
      code: "EPROTO",
      text: "uuid is not the identity of the connection",
      line: "host1 (rank 1): uuid is not the identity of the connection",
    },
  };
  for (const [name, { fields, rolemask, code, text, line }] of Object.entries(cases)) {
    test(`${name} is refused with a line in the log, and disturbs nobody`, async () => {
      await using tree = await TestTree.open("kary:2", 5);
      const root = tree.rank(0);
      const before = root.children.length;
      await using peer = tree.peer();
      const response = await peer.hello(fields, rolemask);
      assert.deepEqual([response.errnum, response.text], [errno[code], text]);
      assert.equal(root.logged.at(-1), `err: rejecting connection from ${line}`);
      assert.deepEqual([root.children.length, root.overlay.status], [before, "full"]);
      root.send("test.still", 1);
      await until(() => tree.rank(1).requests.length === 1, "a request to the rank that is there");
    });
  }

  test("of another patch level, or without a host name, is welcome", async () => {
    await using tree = new TestTree("kary:2", 3);
    const root = await tree.start(0);
    await using one = tree.peer();
    assert.equal((await one.hello({ version: encodeVersion(0, 88, 7) })).errnum, 0);
    await using two = tree.peer();
    two.sendMessage(
      Message.request({
        topic: "overlay.hello",
        rolemask: Role.OWNER,
        payload: new TextEncoder().encode(`{"rank":2,"version":22528,"uuid":"${two.identity}","status":3}\0`),
      }),
    );
    await until(() => root.children.length === 2, "both");
    assert.deepEqual(root.children, ["1 full", "2 degraded"]);
    assert.deepEqual(root.logged.slice(-2), [
      "debug: accepting connection from host1 (rank 1) status full",
      "debug: accepting connection from host2 (rank 2) status degraded",
    ]);
  });

  test("that is none gets EPROTO; one that wants no answer gets none", async () => {
    await using tree = new TestTree("kary:2", 3);
    const root = await tree.start(0);
    await using peer = tree.peer();
    const payload = new TextEncoder().encode('{"rank":1}\0');
    const mute = { topic: "overlay.hello", payload, flags: MessageFlag.NORESPONSE };
    peer.sendMessage(Message.request(mute));
    peer.sendMessage(Message.request({ topic: "overlay.hello", payload }));
    peer.sendMessage(Message.request({ topic: "overlay.hello", payload: new Uint8Array([1]) }));
    await until(() => peer.received.length === 2, "the answers");
    assert.deepEqual([peer.message(0).errnum, peer.message(1).errnum], [errno.EPROTO, errno.EPROTO]);
    assert.equal(root.logged.filter((line) => line.startsWith("err: DROP downstream request")).length, 3);
  });

  test("that is refused ends the child that said it, and fails what it has sent meanwhile", async () => {
    await using tree = new TestTree("kary:2", 3);
    const root = await tree.start(0);
    const child = await tree.start(1, { version: encodeVersion(0, 89, 0) });
    child.send("test.early", 0);
    await until(() => child.posted.length > 0, "the end");
    assert.deepEqual(child.posted, ["parent-fail error"]);
    const text = "client (0.89.0) version mismatched with server (0.88.0)";
    assert.equal(child.logged.at(-1), `err: overlay.hello: ${text}`);
    assert.deepEqual([child.responses.length, child.responses[0]?.errnum], [1, errno.EHOSTUNREACH]);
    root.send("overlay.health", 0);
    const [health] = root.lastAnswer["children"] as JsonObject[];
    assert.deepEqual([health!["status"], health!["error"]], ["offline", text]);
    child.send("test.late", 0, { matchtag: 2 });
    assert.equal(child.responses.at(-1)!.errnum, errno.EHOSTUNREACH);
    assert.deepEqual(child.posted, ["parent-fail error"]);
  });
});

test("versions are read and written", () => {
  assert.equal(parseVersion("0.88.0"), 0x005800);
  assert.equal(parseVersion("0.88.0-59-g4a5e79f56"), 0x005800);
  assert.equal(parseVersion("1.2.3"), 0x010203);
  for (const text of ["", "1.2", "a.b.c", "1.2.3.4", "1.256.0", "1.2.3x"])
    assert.equal(parseVersion(text), undefined, text);
  assert.equal(formatVersion(0x010203), "1.2.3");
});
