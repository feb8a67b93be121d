import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { AttackedBroker, isRoot, whyNoGuests } from "../helpers/attack/attacked-broker.ts";
import { Flag, type RawMessage, Type, textOf } from "../helpers/attack/frame.ts";
import { GUEST, OWNER } from "../helpers/attack/guest.ts";
import { RawConnection } from "../helpers/attack/raw-connection.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { until } from "../helpers/until.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** What one guest may hold on one connection at the defaults. */
const PENDING = 20_000;
const CONNECTIONS = 64;
const BOUND_MS = 30_000;

/** What limits are not for: what honest tools do at the defaults. The broker has the descriptors that a shell gives. */
describe("an honest guest is served", { skip: isRoot ? false : "needs root" }, () => {
  let folder: TemporaryFolder;
  let broker: AttackedBroker;
  let owner: RawConnection;
  let guest: RawConnection;

  before(async () => {
    assert.equal(whyNoGuests(), undefined);
    folder = await TemporaryFolder.make();
    await chmod(folder.path, 0o755);
    broker = await AttackedBroker.start({ folder: folder.of("broker"), descriptors: 1024 });
    owner = await RawConnection.open(broker.path, OWNER);
    guest = await RawConnection.open(broker.path, GUEST);
  });

  after(async () => {
    owner?.destroy();
    guest?.destroy();
    await broker?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  /** Answers of one connection by matchtag, in the order in which they come. */
  function collect(connection: RawConnection): Map<number, RawMessage[]> {
    const answers = new Map<number, RawMessage[]>();
    connection.onMessage = (message) => {
      const list = answers.get(message.matchtag);
      if (list === undefined) answers.set(message.matchtag, [message]);
      else list.push(message);
    };
    return answers;
  }

  /** What `condition` waits for has to come as long as the connection is open. */
  async function whileOpen(connection: RawConnection, condition: () => boolean, what: string): Promise<void> {
    await until(() => connection.lost !== undefined || condition(), what, BOUND_MS);
    assert.equal(connection.lost?.message, undefined, `the connection is closed: ${what}`);
  }

  test(`with ${PENDING} requests that wait, on one connection`, async () => {
    const requests: RawMessage[] = [];
    owner.onMessage = (message) => requests.push(message);
    await owner.ask("service.add", { service: "patient" });
    const answers = collect(guest);
    for (let matchtag = 1; matchtag <= PENDING; matchtag++)
      await guest.send({ topic: "patient.wait", payload: `{"n":${matchtag}}`, matchtag });
    await whileOpen(
      guest,
      () => requests.length + answers.size === PENDING,
      "all requests are at the service",
    );
    assert.equal(answers.size, 0, "none is refused");
    for (const { topic, routes, matchtag, payload } of requests)
      await owner.send({ type: Type.RESPONSE, topic, routes, matchtag, payload });
    await whileOpen(guest, () => answers.size === PENDING, "all are answered");
    for (const [matchtag, [answer]] of answers) {
      assert.equal(answer!.aux1, 0);
      assert.equal(textOf(answer!), `{"n":${matchtag}}`);
    }
    await owner.ask("service.remove", { service: "patient" });
  });

  test(`with ${PENDING} streams on one connection`, async () => {
    const reader = await RawConnection.open(broker.path, GUEST);
    const answers = collect(reader);
    const flags = Flag.STREAMING;
    for (let matchtag = 1; matchtag <= PENDING; matchtag++)
      await reader.send({ topic: "groups.get", payload: '{"name":"honest"}', flags, matchtag });
    await whileOpen(reader, () => answers.size === PENDING, "all streams have begun");
    const { aux1 } = await owner.ask("groups.join", { name: "honest" });
    assert.equal(aux1, 0);
    const isUpdated = (list: readonly RawMessage[]): boolean => list.length === 2;
    await whileOpen(reader, () => [...answers.values()].every(isUpdated), "each stream goes on");
    for (const [first, second] of answers.values())
      assert.deepEqual([textOf(first!), textOf(second!)], ['{"members":""}', '{"members":"0"}']);
    reader.destroy();
    await owner.ask("groups.leave", { name: "honest" });
  });

  test(`with ${CONNECTIONS} connections`, async () => {
    const connections: RawConnection[] = [];
    for (let i = 0; i < CONNECTIONS; i++) connections.push(await RawConnection.open(broker.path, GUEST));
    const answers = await Promise.all(connections.map((it) => it.ask("broker.ping", {})));
    assert(answers.every(({ aux1 }) => aux1 === 0));
    assert(connections.every(({ lost }) => lost === undefined));
    for (const connection of connections) connection.destroy();
  });

  test("with a request of 4 MiB that the service parses", async () => {
    const caller = await RawConnection.open(broker.path, GUEST);
    const pad = "p".repeat(4 * MIB);
    const answer = await caller.ask("broker.ping", { pad });
    assert.equal(answer.aux1, 0, textOf(answer));
    assert.equal((JSON.parse(textOf(answer)) as { pad: string }).pad, pad);
    caller.destroy();
  });

  test("with 100 MiB of a stream that it reads late", async () => {
    const items = (100 * MIB) / (64 * KIB);
    const service = await RawConnection.open(broker.path, OWNER);
    const reader = await RawConnection.open(broker.path, GUEST);
    let sent = 0;
    service.onMessage = ({ topic, routes, matchtag }) => {
      const stream = async (): Promise<void> => {
        const payload = Buffer.alloc(64 * KIB, "o");
        for (; sent < items; sent++) {
          payload.writeUInt32BE(sent);
          await service.send({
            type: Type.RESPONSE,
            flags: Flag.STREAMING,
            topic,
            routes,
            matchtag,
            payload: Buffer.from(payload),
          });
        }
        await service.send({ type: Type.RESPONSE, flags: Flag.STREAMING, topic, routes, matchtag, aux1: 61 });
      };
      // The test sees what is missing.
      stream().catch(() => {});
    };
    await service.ask("service.add", { service: "output" });
    let got = 0;
    let end: number | undefined;
    let wrong: string | undefined;
    reader.onMessage = ({ aux1, payload }) => {
      if (aux1 !== 0) end = aux1;
      else if (payload.length !== 64 * KIB || payload.readUInt32BE() !== got++)
        wrong ??= `item ${got} is another`;
    };
    await reader.send({ topic: "output.get", payload: "{}", flags: Flag.STREAMING, matchtag: 1 });
    reader.mute();
    // The service has sent all, or is held back: for so many looks it sent nothing more.
    let before = 0;
    let same = 0;
    await until(
      () => {
        same = sent > 0 && sent === before ? same + 1 : 0;
        before = sent;
        return sent === items || same > 200;
      },
      "the service sends",
      BOUND_MS,
    );
    reader.socket.resume();
    await whileOpen(reader, () => end !== undefined, `the end of the stream, after ${got} items`);
    assert.equal(wrong, undefined);
    assert.deepEqual([got, end], [items, 61]);
    assert.equal(service.lost, undefined);
    service.destroy();
    reader.destroy();
  });
});
