import type { Flux, Request } from "../../src/doors/fluxbus.ts";
import { loadFluxbus } from "../product.ts";
import { EVENT, isEvents, payloadOf, SERVICE, type Work } from "../work.ts";
import type { FarSide, FarWork, NearSide, Place, System } from "./system.ts";

/** A Flux broker, ours or another: client and service are programs of this package. */
export const fluxbusSystem: System = {
  async openNear(place: Place): Promise<NearSide> {
    const { connect } = await loadFluxbus();
    const flux = await connect(place.at, { env: {} });
    const payload = payloadOf(place.work);
    return {
      request: () => flux.rpcRaw(`${SERVICE}.echo`, payload),
      async stream(take) {
        for await (const response of flux.callStream(`${SERVICE}.count`, payload)) take(response.payload);
      },
      publish: () => flux.publishRaw(EVENT, payload),
      send() {
        flux.sendEvent(flux.encodeEvent(EVENT, payload));
        return flux.writable();
      },
      close: () => flux.close(),
    };
  },

  async openFar(place: Place, work: FarWork): Promise<FarSide> {
    const { connect } = await loadFluxbus();
    const connections: Flux[] = [];
    const open = async (): Promise<Flux> => {
      const flux = await connect(place.at, { env: {} });
      connections.push(flux);
      return flux;
    };
    if (isEvents(place.work)) {
      for (let index = 0; index < place.work.subscribers; index++) await subscribe(await open(), work);
      await subscribeOthers(await open(), place.work.otherPrefixes);
    } else await serve(await open(), place.work, work);
    return {
      async close() {
        await Promise.all(connections.map((flux) => flux.close()));
      },
    };
  },
};

async function serve(flux: Flux, { responses }: Work, work: FarWork): Promise<void> {
  await flux.serve(SERVICE, {
    echo: { request: (request) => request.respondRaw(work.answer(request.payload)) },
    count: { streaming: true, request: (request) => count(request, responses, work) },
  });
}

async function count(request: Request, responses: number, work: FarWork): Promise<void> {
  for (let index = 0; index < responses; index++) {
    request.respondRaw(work.answer(request.payload));
    const room = request.writable();
    if (room !== undefined) await room;
  }
  request.respondError("ENODATA");
}

async function subscribe(flux: Flux, work: FarWork): Promise<void> {
  const subscription = flux.subscribe(EVENT);
  await subscription.ready;
  const read = async (): Promise<void> => {
    for await (const event of subscription) work.event(event.payload);
  };
  read().catch(fail);
}

/** Prefixes of 3 to 34 bytes that no event of the benchmark matches. */
async function subscribeOthers(flux: Flux, count: number): Promise<void> {
  const ready: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const prefix = `${index.toString(36).padStart(2 + (index % 32), "-")}.`;
    ready.push(flux.subscribe(prefix).ready);
  }
  await Promise.all(ready);
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
