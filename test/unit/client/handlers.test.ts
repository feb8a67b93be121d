import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import {
  type HandleOptions,
  type Ledger,
  OPEN_REQUEST_BYTES,
  type Request,
  type RequestHandler,
  RequestHandlers,
  type RequestHandlersOptions,
} from "../../../src/client/index.ts";
import { Message, MessageFlag, Role, textPayload } from "../../../src/message/index.ts";
import { until } from "../../helpers/until.ts";

const { NORESPONSE, STREAMING } = MessageFlag;

/** Handlers without a connection: what they answer, and what they report. */
class Handlers {
  readonly answers: Message[] = [];
  readonly faults: string[] = [];
  readonly handlers: RequestHandlers;

  constructor(options: RequestHandlersOptions = { strict: true }) {
    this.handlers = new RequestHandlers((topic, thrown) => this.faults.push(`${topic}: ${thrown}`), options);
  }

  add(method: string, handler: RequestHandler, options?: HandleOptions): void {
    this.handlers.add(`svc.${method}`, handler, options);
  }

  send(
    method: string,
    fields: {
      matchtag?: number;
      flags?: number;
      userid?: number;
      sender?: string;
      payload?: string;
      rolemask?: number;
    } = {},
  ): void {
    const { matchtag = 1, sender = "a", userid = 7, rolemask = Role.OWNER, payload, flags = 0 } = fields;
    // As it comes from a socket: in a chunk with much else.
    const chunk = new Uint8Array(100_000);
    const text = textPayload(payload ?? '{"a":1}');
    chunk.set(text, 5000);
    const body = chunk.subarray(5000, 5000 + text.length);
    const request = Message.request({
      topic: `svc.${method}`,
      matchtag,
      flags,
      userid,
      rolemask,
      routes: ["x", sender],
      payload: body,
    });
    this.handlers.dispatch(request, { send: (response) => this.answers.push(response) });
  }

  /** Number, text and tag of the answers so far. */
  get said(): unknown[] {
    return this.answers.map(({ errnum, text, matchtag }) => [errnum, text, matchtag]);
  }
}

const NO_ANSWER = [71, "the method gave no answer", 1];

describe("a handler answers before it is done, unless it says that it will later", () => {
  test("a strict one is answered for, which is a fault of the program", () => {
    const h = new Handlers();
    h.add("sync", () => {});
    h.send("sync");
    h.send("sync");
    assert.deepEqual(h.said, [NO_ANSWER, NO_ANSWER]);
    assert.deepEqual(h.faults, ["svc.sync: FluxError: the method gave no answer"]);
    assert.equal(h.handlers.active, 0);
  });

  test("a promise that settles too, and a stream without its end", async () => {
    const h = new Handlers();
    h.add("async", async () => {});
    h.add("stream", (request) => request.respond({ item: 1 }));
    h.send("async");
    assert.equal(h.handlers.active, 1);
    await until(() => h.answers.length === 1, "the answer");
    assert.deepEqual(h.said, [NO_ANSWER]);
    h.send("stream", { flags: STREAMING });
    assert.deepEqual(h.said.slice(1), [
      [0, '{"item":1}', 1],
      [61, undefined, 1],
    ]);
    h.add("nothing", () => {});
    h.send("nothing", { flags: STREAMING });
    assert.deepEqual(h.said.at(-1), NO_ANSWER);
    assert.equal(h.handlers.active, 0);
  });

  test("who wants no response is not answered, and not kept", async () => {
    const h = new Handlers();
    h.add("sync", () => {});
    h.add("later", () => {}, { later: true });
    h.add("async", async () => {});
    for (const method of ["sync", "later", "async"]) {
      h.send(method, { flags: NORESPONSE });
      h.send(method, { flags: NORESPONSE | STREAMING });
    }
    h.send("sync", { matchtag: 0 });
    await until(() => h.handlers.active === 0, "the end of the promises");
    assert.deepEqual([h.answers, h.faults], [[], []]);
  });

  test("one that says so may answer later, and is kept until then", () => {
    const h = new Handlers();
    const kept: Request[] = [];
    h.add("later", (request) => void kept.push(request), { later: true });
    h.send("later");
    h.send("later", { matchtag: 0 });
    assert.equal(h.handlers.active, 2);
    for (const request of kept) request.respond({ ok: true });
    assert.deepEqual([h.handlers.active, h.faults, h.answers.length], [0, [], 2]);
  });

  test("a program's own handlers may answer whenever they like, unless they say otherwise", async () => {
    const h = new Handlers({});
    h.add("sync", () => {});
    h.add("async", async () => {});
    h.add("now", () => {}, { later: false });
    h.send("sync");
    h.send("async", { matchtag: 2 });
    h.send("now", { matchtag: 3 });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(h.said, [[71, "the method gave no answer", 3]]);
    assert.equal(h.handlers.active, 2);
  });
});

describe("disconnect and cancel", () => {
  test("a disconnect that wants a response is answered, with a handler of its own too", () => {
    const h = new Handlers();
    const seen: string[] = [];
    h.add("open", (request) => request.onCancel(() => seen.push(`left ${request.matchtag}`)), {
      later: true,
    });
    h.send("open", { matchtag: 5 });
    h.send("disconnect", { matchtag: 6 });
    assert.deepEqual([h.said, seen, h.handlers.active], [[[0, undefined, 6]], ["left 5"], 0]);
    h.add("disconnect", (request) => {
      seen.push("own");
      request.respond();
    });
    h.send("open", { matchtag: 7 });
    h.send("disconnect", { matchtag: 8 });
    assert.deepEqual(seen, ["left 5", "own", "left 7"]);
    h.add("disconnect", () => {});
    h.send("open", { matchtag: 9 });
    h.send("disconnect", { matchtag: 10 });
    assert.deepEqual(h.said.at(-1), [71, "the method gave no answer", 10]);
    assert.deepEqual([seen.at(-1), h.handlers.active], ["left 9", 0]);
  });

  test("of one sender, and of one user among those that came by it", () => {
    const h = new Handlers();
    const left: number[] = [];
    h.add("open", (request) => request.onCancel(() => left.push(request.matchtag)), {
      later: true,
      allow: Role.ALL,
    });
    const guest = { rolemask: Role.USER };
    h.send("open", { ...guest, matchtag: 1, userid: 1 });
    h.send("open", { ...guest, matchtag: 1, userid: 2 });
    h.send("open", { ...guest, matchtag: 3, userid: 1, sender: "b" });
    h.send("cancel", { ...guest, userid: 2, flags: NORESPONSE, payload: '{"matchtag":1}' });
    assert.deepEqual([left, h.handlers.active], [[1], 2]);
    h.send("open", { ...guest, matchtag: 4, userid: 2 });
    h.send("disconnect", { ...guest, userid: 1, flags: NORESPONSE });
    assert.deepEqual([left, h.handlers.active], [[1, 1], 2]);
    h.send("disconnect", { flags: NORESPONSE });
    assert.deepEqual(left, [1, 1, 4]);
    h.send("cancel", { ...guest, userid: 1, sender: "b", flags: NORESPONSE, payload: '{"matchtag":3}' });
    assert.deepEqual([left, h.handlers.active], [[1, 1, 4, 3], 0]);
  });

  test("a sender with very many open requests leaves in several turns, and others are served meanwhile", async () => {
    const h = new Handlers();
    let left = 0;
    const slow = (): void => {
      left++;
      const end = performance.now() + 0.1;
      while (performance.now() < end);
    };
    h.add("open", (request) => request.onCancel(slow), { later: true });
    h.add("ping", (request) => request.respond());
    for (let matchtag = 1; matchtag <= 1000; matchtag++) h.send("open", { matchtag });
    h.send("disconnect", { flags: NORESPONSE });
    assert.ok(left > 0 && left < 1000, `${left} of 1000 have left at once`);
    assert.equal(h.handlers.active, 0, "none of them is open any more");
    h.send("ping");
    assert.equal(h.answers.length, 1);
    await until(() => left === 1000, "all have left");
  });
});

describe("what an open request holds", () => {
  class Account implements Ledger {
    bytes = 0;
    count = 0;
    limit = Number.POSITIVE_INFINITY;
    charge({ userid }: Message, bytes: number): boolean {
      assert.equal(userid, 7);
      if (this.bytes + bytes > this.limit) return false;
      this.bytes += bytes;
      this.count++;
      return true;
    }
    release(_message: Message, bytes: number): void {
      this.bytes -= bytes;
      this.count--;
    }
  }

  test("memory of its own, without its payload unless that is read later", () => {
    const h = new Handlers();
    const kept: Request[] = [];
    h.add("open", (request) => void kept.push(request), { later: true });
    h.add("reads", (request) => void kept.push(request), { later: true, keepsPayload: true });
    h.send("open");
    h.send("reads", { matchtag: 2 });
    const [open, reads] = kept as [Request, Request];
    assert.equal(open.payload, undefined);
    assert.deepEqual(reads.json(), { a: 1 });
    for (const { message } of kept) {
      assert.ok(
        message.head.buffer.byteLength <= 1024,
        `${message.head.buffer.byteLength} bytes for the head`,
      );
      assert.ok(message.body.buffer.byteLength <= 100);
      assert.deepEqual([message.topic?.slice(0, 4), message.routes], ["svc.", ["x", "a"]]);
    }
    for (const request of kept) request.respond({ ok: 1 });
    assert.deepEqual(
      h.answers.map(({ topic, routes, text }) => [topic, routes, text]),
      ["open", "reads"].map((method) => [`svc.${method}`, ["x", "a"], '{"ok":1}']),
    );
  });

  test("is charged to its sender until it has its answer, is cancelled, or its sender leaves", async () => {
    const ledger = new Account();
    const h = new Handlers({ strict: true, ledger });
    const kept: Request[] = [];
    h.add("open", (request) => void kept.push(request), { later: true });
    h.add("async", async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      request.respond();
    });
    h.add("now", (request) => request.respond());
    for (let matchtag = 1; matchtag <= 4; matchtag++) h.send("open", { matchtag });
    h.send("now");
    h.send("async", { matchtag: 5 });
    assert.equal(ledger.count, 5);
    assert.ok(ledger.bytes > 5 * OPEN_REQUEST_BYTES);
    kept[0]!.respond();
    h.send("cancel", { payload: '{"matchtag":2}', flags: NORESPONSE });
    await until(() => ledger.count === 2, "the end of the async one");
    h.send("disconnect", { flags: NORESPONSE });
    assert.deepEqual([ledger.count, ledger.bytes], [0, 0]);
    h.send("open");
    h.handlers.abandon();
    assert.deepEqual([ledger.count, ledger.bytes, h.handlers.active], [0, 0, 0]);
  });

  test("one that its sender may not hold is refused, and not kept", () => {
    const ledger = new Account();
    ledger.limit = 1.5 * OPEN_REQUEST_BYTES;
    const h = new Handlers({ strict: true, ledger });
    let followers = 0;
    h.add(
      "open",
      (request) => {
        followers++;
        request.onCancel(() => followers--);
      },
      { later: true },
    );
    h.send("open");
    h.send("open", { matchtag: 2 });
    const text = "user 7 holds too much memory here: requests that wait have to end first";
    assert.deepEqual([h.said, followers, h.handlers.active, ledger.count], [[[105, text, 2]], 1, 1, 1]);
  });
});

describe("faults of the program", () => {
  test("the caller learns that there was one, the log what", async () => {
    const h = new Handlers();
    const INTERNAL = "internal error: the log of the service has more";
    h.add("type", () => (undefined as unknown as { x: () => void }).x());
    h.add("error", () => {
      throw new Error("secret");
    });
    h.add("system", () => {
      throw Object.assign(new Error("ENOENT: /secret/path"), { code: "ENOENT" });
    });
    h.add("flux", () => {
      throw new FluxError("EBUSY", "later");
    });
    h.add("later", (request) => void setImmediate(() => request.fail(new TypeError("secret"))), {
      later: true,
    });
    for (const method of ["type", "error", "system", "flux", "later"]) h.send(method);
    await until(() => h.answers.length === 5, "all answers");
    assert.deepEqual(h.said, [
      [5, INTERNAL, 1],
      [5, INTERNAL, 1],
      [2, undefined, 1],
      [16, "later", 1],
      [5, INTERNAL, 1],
    ]);
    assert.equal(h.faults.length, 4);
    assert.match(h.faults[1]!, /^svc\.error: Error: secret$/);
    assert.equal(h.handlers.active, 0);
  });
});
