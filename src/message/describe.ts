import { MessageFlag, MessageType } from "./constants.ts";
import { routeString } from "./head.ts";
import type { Message } from "./message.ts";

const MARKS = new Map<number, string>([
  [MessageType.REQUEST, ">"],
  [MessageType.RESPONSE, "<"],
  [MessageType.EVENT, "e"],
  [MessageType.CONTROL, "c"],
]);
const SHOWN_BYTES = 1024;

/** A message for people to read: a line each for topic, header, routes and payload, marked with its type. */
export function describeMessage(message: Message, direction: "tx" | "rx"): string {
  const mark = MARKS.get(message.type) ?? "?";
  const lines = [`${direction} ${message.topic ?? "-"}`, headerLine(message)];
  if (message.routes !== undefined && message.routes.length > 0)
    lines.push(`|${routeString(message.routes)}|`);
  if (message.payload !== undefined) lines.push(payloadLine(message));
  return lines.map((line) => `${mark} ${line}`).join("\n");
}

function headerLine(message: Message): string {
  const flags = Object.entries(MessageFlag).filter(([, bit]) => message.has(bit));
  const names = flags.map(([name]) => name.toLowerCase()).join(",");
  return `flags=${names} userid=${message.userid | 0} rolemask=0x${message.rolemask.toString(16)} ${typeFields(message)}`;
}

function typeFields(message: Message): string {
  switch (message.type) {
    case MessageType.REQUEST:
      return `nodeid=${message.aux1 | 0} matchtag=${message.aux2}`;
    case MessageType.RESPONSE:
      return `errnum=${message.aux1} matchtag=${message.aux2}`;
    case MessageType.EVENT:
      return `sequence=${message.aux1}`;
    default:
      return `type=${message.aux1} status=${message.aux2}`;
  }
}

function payloadLine(message: Message): string {
  const { payloadBytes } = message;
  const more = payloadBytes > SHOWN_BYTES ? "..." : "";
  try {
    const text = message.text ?? "";
    if (!/\p{Cc}/u.test(text.replace(/[\t\n\r]/g, "")))
      return `[${payloadBytes}] ${text.slice(0, SHOWN_BYTES)}${more}`;
  } catch {
    // Not text: shown in hex below.
  }
  const bytes = (message.payload ?? new Uint8Array(0)).subarray(0, SHOWN_BYTES);
  return `[${payloadBytes}] ${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}${more}`;
}
