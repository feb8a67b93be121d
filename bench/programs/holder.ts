/** Holds what the memory of a broker is measured with: idle clients, or requests that are never answered. */
import type { Flux } from "../../src/doors/fluxbus.ts";
import { answerParent } from "../control/child.ts";
import { loadFluxbus } from "../product.ts";
import { SERVICE } from "../work.ts";

const PAYLOAD_BYTES = 64;

const connections: Flux[] = [];
let received = 0;
let awaited: { requests: number; resolve: () => void } | undefined;

async function open(uri: string): Promise<Flux> {
  const { connect } = await loadFluxbus();
  const flux = await connect(uri, { env: {} });
  connections.push(flux);
  return flux;
}

answerParent({
  /** Connects clients; each has had one answer, so that the broker knows it to the end. */
  async connect({ uri, clients }: { readonly uri: string; readonly clients: number }) {
    for (let index = 0; index < clients; index++) await (await open(uri)).ping();
  },

  /** Registers a service that reads requests and never answers. */
  async serve({ uri }: { readonly uri: string }) {
    const flux = await open(uri);
    await flux.serve(SERVICE, {
      never: {
        request: () => {
          received++;
          if (received === awaited?.requests) awaited.resolve();
        },
      },
    });
  },

  /** Sends requests over some clients; returns when all are sent. Throws when one is answered. */
  async ask({
    uri,
    clients,
    requests,
  }: {
    readonly uri: string;
    readonly clients: number;
    readonly requests: number;
  }) {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    const failed = (error: unknown): void => {
      console.error("a request that nobody answers has ended:", error);
      process.exit(1);
    };
    for (let client = 0; client < clients; client++) {
      const flux = await open(uri);
      for (let index = client; index < requests; index += clients) {
        flux.rpcRaw(`${SERVICE}.never`, payload).then(failed, failed);
        const room = flux.writable();
        if (room !== undefined) await room;
      }
    }
  },

  /** Resolves when the service has read so many. */
  received: ({ requests }: { readonly requests: number }) =>
    new Promise<void>((resolve) => {
      if (received >= requests) resolve();
      else awaited = { requests, resolve };
    }),
});
