import { test } from "node:test";
import { Broker } from "../../../src/broker/index.ts";
import { Message, Role, textPayload } from "../../../src/message/index.ts";
import { usedBytes } from "../../helpers/heap.ts";
import { until } from "../../helpers/until.ts";
import { OWNER } from "../../helpers/users.ts";

const LARGE = 1_000_000;
/** Nearly the most that a request to subscribe or to register a service may hold. */
const SMALL = 60_000;
const sender = { userid: OWNER, rolemask: Role.OWNER };

/** Lets `act` run with texts of 60 MB in all, each of `length`; asserts that most of these texts are let go. */
async function leavesNothing(act: (index: number) => unknown, length = LARGE): Promise<void> {
  const count = (60 * LARGE) / length;
  await act(0);
  const before = usedBytes();
  for (let i = 1; i <= count; i++) await act(i);
  // Other tests of this process use memory too, and what is on its way is let go later.
  await until(() => usedBytes() - before < 30 * LARGE, "the texts are let go");
}

test("nothing keeps the long topics of other brokers", async () => {
  await using broker = Broker.create({ size: 2, events: null });
  const flux = broker.connect();
  const downlink = broker.attach({
    toRank: () => false,
    toParent: () => false,
    toChildren() {},
    respond: () => true,
  });
  const topicOf = (service: string, index: number): string => `${service}.${index}${"t".repeat(LARGE)}`;
  await leavesNothing((index) =>
    downlink.request(Message.request({ topic: topicOf("broker", index), matchtag: 1, ...sender })),
  );
  await leavesNothing((index) => downlink.publish(Message.event({ topic: topicOf("e", index), ...sender })));
  await flux.close();
});

test("nothing that is remembered keeps the request it stands in", async () => {
  await using broker = Broker.create({ events: null });
  const flux = broker.connect();
  // With an integer of so many digits it is read by the exact parser, whose texts are slices.
  const json = (fields: object, length = SMALL): Uint8Array =>
    textPayload(
      JSON.stringify({ ...fields, pad: "p".repeat(length), n: "N" }).replace('"N"', "1234567890123456789"),
    );
  const name = (index: number): string => `a.name.that.is.long.enough.to.be.a.slice.${index}`;
  await leavesNothing((index) => flux.call("event.subscribe", json({ topic: name(index) })), SMALL);
  await leavesNothing(
    (index) => flux.call("service.add", json({ service: name(index).replaceAll(".", "-") })),
    SMALL,
  );
  await leavesNothing((index) =>
    flux.call("event.publish", json({ topic: name(index), flags: 0 }, LARGE), { nodeid: 0 }),
  );
  await flux.close();
});
