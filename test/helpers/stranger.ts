import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { readCurveCert } from "../../src/config/index.ts";
import { decodeFrames, encodeFrames, Message, Role, textPayload } from "../../src/message/index.ts";
import { type CurveKeys, ZeroMqTransport } from "../../src/overlay/index.ts";
import { until } from "./until.ts";

const ANSWER_MS = 20_000;

/** Says hello to a broker with the keys of a certificate and the fields of the payload; resolves to the answer. */
export async function sayHello(uri: string, cert: string, fields: object): Promise<Message> {
  const { publicKey, secretKey } = await readCurveCert(cert);
  const keys: CurveKeys = { publicKey, secretKey };
  await using transport = await ZeroMqTransport.open({ keys });
  const identity = randomUUID();
  const answers: Message[] = [];
  const link = transport.connect({
    uri,
    serverKey: publicKey,
    identity,
    receive: (frames) => answers.push(decodeFrames(frames)),
  });
  const payload = textPayload(JSON.stringify({ uuid: identity, status: 1, ...fields }));
  link.send(encodeFrames(Message.request({ topic: "overlay.hello", payload, rolemask: Role.OWNER })));
  await until(() => answers.length > 0, "an answer to the hello", ANSWER_MS);
  return answers[0]!;
}

/** Opens TCP connections to where a broker listens, sends the bytes on each if there are any, and nothing more. */
export async function openSockets(uri: string, count: number, bytes?: Uint8Array): Promise<Socket[]> {
  const { hostname, port } = new URL(uri.replace("tcp://", "http://"));
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      socket.resume();
      await once(socket, "connect");
      if (bytes !== undefined) socket.write(bytes);
      return socket;
    }),
  );
}

/** Tries to open TCP connections as `openSockets` does, and does not wait for any of them. */
export function knock(uri: string, count: number, bytes?: Uint8Array): Socket[] {
  const { hostname, port } = new URL(uri.replace("tcp://", "http://"));
  return Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.resume();
    if (bytes !== undefined) socket.write(bytes);
    return socket;
  });
}

/** What a client says first in ZMTP 3.0 that means to go on with CURVE. Source: ZeroMQ's RFC 23. */
export function curveGreeting(): Uint8Array {
  const greeting = Buffer.alloc(64);
  greeting[0] = 0xff;
  greeting[9] = 0x7f;
  greeting[10] = 3;
  greeting.write("CURVE", 12);
  return greeting;
}
