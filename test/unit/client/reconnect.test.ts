import assert from "node:assert/strict";
import { test } from "node:test";
import type { FluxError } from "../../../src/base/index.ts";
import { Flux, type Status } from "../../../src/client/index.ts";
import { type Connector, connectorPair, type PairEnd } from "../../../src/connector/index.ts";
import type { Message } from "../../../src/message/index.ts";
import { until } from "../../helpers/until.ts";

/** Options that write down the changes of status. */
function watched() {
  const changes: [Status, string | undefined][] = [];
  const onStatus = (status: Status, reason: FluxError | undefined) => {
    changes.push([status, reason?.code]);
  };
  return { changes, onStatus };
}

test("a connection that is lost again while it is being restored is made once more", async () => {
  const ends: PairEnd[] = [];
  let answers = false;
  const open = (): Connector => {
    const [near, far] = connectorPair();
    ends.push(far);
    far.start({
      message: (message: Message) => {
        if (answers) far.send(message.deriveResponse(0, undefined));
        else if (ends.length > 1) far.destroy();
      },
      closed() {},
    });
    return near;
  };
  const { changes, onStatus } = watched();
  answers = true;
  const flux = new Flux(open(), async () => open(), { reconnect: { delayMs: 1, maxDelayMs: 1 }, onStatus });
  await flux.subscribe("a").ready;
  answers = false;
  ends[0]?.destroy();
  await until(() => ends.length >= 4, "three attempts");
  answers = true;
  await until(() => flux.status === "connected" && changes.at(-1)?.[0] === "connected", "the connection");
  assert.deepEqual(
    changes.filter(([status]) => status === "connected"),
    [["connected", undefined]],
  );
  await flux.close();
});
