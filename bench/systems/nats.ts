import { EVENT, isEvents, payloadOf, SERVICE } from "../work.ts";
import { NatsConnection, type NatsMessage } from "./nats-connection.ts";
import { Responses } from "./responses.ts";
import type { FarSide, FarWork, NearSide, Place, System } from "./system.ts";

const INBOX = "inbox.";
const END = new Uint8Array(0);

/**
 * nats-server: requests are publications with a subject for the reply, streams end with an empty reply, and a publication is confirmed by the
 * `+OK` of verbose mode.
 */
export const natsSystem: System = {
  openNear: (place) => (isEvents(place.work) ? openPublisher(place) : openCaller(place)),

  async openFar(place: Place, work: FarWork): Promise<FarSide> {
    const events = isEvents(place.work);
    const { kind, subscribers, otherPrefixes, responses } = place.work;
    const connections: NatsConnection[] = [];
    const count = events ? subscribers : 1;
    for (let index = 0; index < count; index++) {
      const connection: NatsConnection = await NatsConnection.open(place.at, {
        message: (message) => {
          if (events) work.event(message.payload);
          else if (kind === "request") connection.publish(message.reply!, work.answer(message.payload));
          else answerAll(connection, message, responses, work).catch(fail);
        },
      });
      connection.subscribe(events ? EVENT : SERVICE);
      await connection.ping();
      connections.push(connection);
    }
    const other = await NatsConnection.open(place.at);
    for (let index = 0; index < otherPrefixes; index++) other.subscribe(`other.${index}.>`);
    await other.ping();
    connections.push(other);
    return {
      async close() {
        for (const connection of connections) connection.close();
      },
    };
  },
};

async function answerAll(
  connection: NatsConnection,
  request: NatsMessage,
  responses: number,
  work: FarWork,
): Promise<void> {
  for (let index = 0; index < responses; index++) {
    connection.publish(request.reply!, work.answer(request.payload));
    const room = connection.writable();
    if (room !== undefined) await room;
  }
  connection.publish(request.reply!, END);
}

async function openCaller(place: Place): Promise<NearSide> {
  const waiting = new Map<string, (payload: Uint8Array) => boolean>();
  const payload = payloadOf(place.work);
  const connection = await NatsConnection.open(place.at, {
    message: (message) => {
      if (waiting.get(message.subject)!(message.payload)) waiting.delete(message.subject);
    },
  });
  connection.subscribe(`${INBOX}*`);
  await connection.ping();
  let last = 0;
  const ask = (receive: (payload: Uint8Array) => boolean): void => {
    const reply = INBOX + ++last;
    waiting.set(reply, receive);
    connection.publish(SERVICE, payload, reply);
  };
  return {
    request: () =>
      new Promise((resolve) => {
        ask((response) => {
          resolve(response);
          return true;
        });
      }),
    async stream(take) {
      const responses = new Responses();
      ask((response) => responses.push(response));
      for await (const response of responses) take(response);
    },
    publish: () => Promise.reject(new Error("this connection asks")),
    send: () => Promise.reject(new Error("this connection asks")),
    close: async () => connection.close(),
  };
}

async function openPublisher(place: Place): Promise<NearSide> {
  let waiting: ((value?: unknown) => void)[] = [];
  let first = 0;
  const payload = payloadOf(place.work);
  const connection = await NatsConnection.open(place.at, {
    confirmed: () => {
      // The confirmation of verbose mode itself comes before any publication.
      waiting[first]?.();
      if (first < waiting.length) first++;
      if (first < 4096) return;
      waiting = waiting.slice(first);
      first = 0;
    },
  });
  await connection.ping();
  const refuse = () => Promise.reject(new Error("this connection publishes"));
  return {
    request: refuse,
    stream: refuse,
    publish: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        connection.publish(EVENT, payload);
      }),
    send() {
      // Verbose mode confirms it all the same; nobody waits for it.
      waiting.push(() => {});
      connection.publish(EVENT, payload);
      return connection.writable();
    },
    close: async () => connection.close(),
  };
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
