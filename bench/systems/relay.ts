import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { FrameStream } from "../relay/frame-stream.ts";
import { isEvents, payloadOf } from "../work.ts";
import { Responses } from "./responses.ts";
import type { FarSide, FarWork, NearSide, Place, System } from "./system.ts";

/** The bare relay: each end does the least a program must to send, answer and tell its answers apart. */
export const relaySystem: System = {
  async openNear(place: Place): Promise<NearSide> {
    const socket = await open(join(place.at, "near"));
    const payload = payloadOf(place.work);
    return { ...caller(socket, payload), close: () => close([socket]) };
  },

  async openFar(place: Place, work: FarWork): Promise<FarSide> {
    const sockets: Socket[] = [];
    const connections = isEvents(place.work) ? place.work.subscribers : 1;
    for (let index = 0; index < connections; index++) sockets.push(await open(join(place.at, "far")));
    if (isEvents(place.work)) {
      for (const socket of sockets) readEvents(socket, place.work.kind === "publish", work).catch(fail);
    } else if (place.work.kind === "request") {
      const stream = new FrameStream(sockets[0]!, (tag, payload) => stream.send(tag, work.answer(payload)));
    } else {
      const { responses } = place.work;
      const stream = new FrameStream(sockets[0]!, (tag, payload) => {
        count(stream, tag, payload, responses, work).catch(fail);
      });
    }
    return { close: () => close(sockets) };
  },
};

/** Reads events one by one; confirms each, if that is wanted, with an empty frame under its tag. */
async function readEvents(socket: Socket, confirm: boolean, work: FarWork): Promise<void> {
  const events = new Responses();
  const stream = new FrameStream(socket, (tag, payload) => {
    events.push(payload);
    if (confirm) stream.send(tag, NOTHING);
  });
  for await (const payload of events) work.event(payload);
}

const NOTHING = new Uint8Array(0);

/** Answers with a stream: an empty frame ends it. */
async function count(
  stream: FrameStream,
  tag: number,
  payload: Uint8Array,
  responses: number,
  work: FarWork,
): Promise<void> {
  for (let index = 0; index < responses; index++) {
    stream.send(tag, work.answer(payload));
    const room = stream.writable();
    if (room !== undefined) await room;
  }
  stream.send(tag, new Uint8Array(0));
}

/** One who waits under a tag; returns true when it waits for no more. */
type Waiting = (payload: Uint8Array) => boolean;

function caller(socket: Socket, payload: Uint8Array): Omit<NearSide, "close"> {
  const waiting: (Waiting | undefined)[] = [];
  const free: number[] = [];
  const stream = new FrameStream(socket, (tag, response) => {
    if (!waiting[tag]!(response)) return;
    waiting[tag] = undefined;
    free.push(tag);
  });
  const ask = (who: Waiting): void => {
    const tag = free.pop() ?? waiting.length;
    waiting[tag] = who;
    stream.send(tag, payload);
  };
  const request = (): Promise<Uint8Array> =>
    new Promise((resolve) => {
      ask((response) => {
        resolve(response);
        return true;
      });
    });
  return {
    request,
    publish: request,
    send() {
      stream.send(0, payload);
      return stream.writable();
    },
    async stream(take) {
      const responses = new Responses();
      ask((response) => responses.push(response));
      for await (const response of responses) take(response);
    },
  };
}

async function open(path: string): Promise<Socket> {
  const socket = connectSocket(path);
  await once(socket, "connect");
  return socket;
}

async function close(sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
