import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Flux } from "../../../src/client/index.ts";
import { TestInstance } from "../../../src/testing/index.ts";

const CLIENTS = 3;
const WORKERS = 4;
const ROUNDS = 12;
/** Around the sizes at which memory is shared, given back, and not kept. */
const SIZES = [100, 16_000, 16_384, 20_000, 65_400, 65_536, 70_000, 131_072, 262_000, 300_000, 1_000_000];

/** `size` bytes that differ from those of any other seed, all over. */
function payloadOf(seed: number, size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(seed, 2654435761) + i;
  return new Uint8Array(words.buffer, 0, size);
}

function assertPayload(payload: Uint8Array | undefined, seed: number, size: number): void {
  const isSame = Buffer.compare(payload ?? new Uint8Array(0), payloadOf(seed, size)) === 0;
  assert(isSame, `payload ${seed} of ${size} bytes is not what was sent`);
}

/** What was sent, by its seed, and what came of it. */
interface Sent {
  readonly seed: number;
  readonly size: number;
}

test("large requests, responses and events keep their bytes for as long as anybody holds them", async () => {
  await using instance = await TestInstance.start();
  await using service = await instance.connect();
  await using subscriber = await instance.connect();
  await service.serve("large", {
    echo: {
      async request(request) {
        await turn();
        request.respondRaw(request.payload);
      },
    },
  });
  const total = CLIENTS * WORKERS * ROUNDS;
  const events: { seq: number; payload: Uint8Array | undefined }[] = [];
  await using subscription = subscriber.subscribe("large");
  await subscription.ready;
  const reading = (async () => {
    for await (const { seq, payload } of subscription) if (events.push({ seq, payload }) === total) return;
  })();
  const responses: (Sent & { payload: Uint8Array | undefined })[] = [];
  const published = new Map<number, Sent>();
  let seeds = 0;
  const work = async (flux: Flux): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const seed = ++seeds;
      const size = SIZES[seed % SIZES.length]!;
      const sent = payloadOf(seed, size);
      const [payload, { seq }] = await Promise.all([
        flux.rpcRaw("large.echo", sent),
        flux.publishRaw("large.event", sent),
      ]);
      responses.push({ seed, size, payload });
      published.set(seq, { seed, size });
    }
  };
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => instance.connect()));
  await Promise.all(clients.flatMap((flux) => Array.from({ length: WORKERS }, () => work(flux))));
  await reading;
  for (const { seed, size, payload } of responses) assertPayload(payload, seed, size);
  const assertEvent = ({ seq, payload }: { seq: number; payload: Uint8Array | undefined }): void => {
    const { seed, size } = published.get(seq)!;
    assertPayload(payload, seed, size);
  };
  events.forEach(assertEvent);
  // And what rank 0 keeps of them.
  let kept = 0;
  await using replay = subscriber.subscribe("large", { since: "begin" });
  for await (const item of replay) {
    if (!("seq" in item)) continue;
    assertEvent(item);
    kept++;
    if (item.seq === total) break;
  }
  assert(kept > SIZES.length);
  await Promise.all(clients.map((flux) => flux.close()));
});
