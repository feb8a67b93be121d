import assert from "node:assert/strict";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import { Accounts } from "../../../src/broker/accounts.ts";
import { BuiltinService } from "../../../src/broker/builtin-service.ts";
import { EventService } from "../../../src/broker/event-service.ts";
import { RouteIdentity } from "../../../src/broker/route-identity.ts";
import { Router } from "../../../src/broker/router.ts";
import type { FrameLink } from "../../../src/connector/index.ts";
import { Message, Role, textPayload } from "../../../src/message/index.ts";

/** A connection for which there is no memory left. */
class FullLink implements FrameLink {
  readonly queuedBytes = 0;
  #destroyed = (): void => {};
  readonly destroyed = new Promise<void>((resolve) => {
    this.#destroyed = resolve;
  });

  start(): void {}

  forward(): void {
    throw new FluxError("ENOMEM");
  }

  sendEncoded(): void {}
  sendCopy(): void {}
  writable(): undefined {}
  async end(): Promise<void> {}

  destroy(): void {
    this.#destroyed();
  }
}

test("a client whose late confirmation can't be queued is closed, and the log says why", async () => {
  const logged: string[] = [];
  const identity = new RouteIdentity();
  const log = (level: string, text: string): void => void logged.push(`${level}: ${text}`);
  const router = new Router({
    rank: 0,
    owner: 7,
    identity,
    slowClient: "disconnect",
    accounts: new Accounts(),
    log,
    schedule() {},
  });
  const others = new BuiltinService("event", {}, { reply: { send() {} }, fault() {} });
  const events = { confirmed: () => Promise.resolve() };
  router.addBuiltin(new EventService({ rank: 0, publisher: router, events, others }));
  const link = new FullLink();
  const credential = { userid: 7, rolemask: Role.OWNER };
  const client = router.connect({ link, credential, pid: undefined, queueBytes: 1000 });
  const payload = textPayload('{"topic":"a","flags":0}');
  router.receive(client, Message.request({ topic: "event.publish", matchtag: 1, payload }));
  assert.deepEqual(logged, []);
  await link.destroyed;
  assert.deepEqual(logged, ["err: a late response is lost: Cannot allocate memory"]);
});
