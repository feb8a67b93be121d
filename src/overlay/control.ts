import { encodeFrames, Message } from "../message/index.ts";
import { type SubtreeStatus, statusNumber } from "./subtree-status.ts";
import type { Frames } from "./transport.ts";

/** Types of control messages between neighbours. Source: overlay.h in flux-core. */
export const ControlType = {
  /** Child to parent: still there. */
  HEARTBEAT: 0,
  /** Child to parent: the status of its subtree changed. */
  STATUS: 1,
  /** Parent to child: leave. */
  DISCONNECT: 2,
} as const;

export function heartbeatMessage(): Message {
  return Message.control({ controlType: ControlType.HEARTBEAT, status: 0 });
}

export function statusMessage(status: SubtreeStatus): Message {
  return Message.control({ controlType: ControlType.STATUS, status: statusNumber(status) });
}

export function disconnectMessage(): Message {
  return Message.control({ controlType: ControlType.DISCONNECT, status: 0 });
}

const DISCONNECT_FRAMES: Frames = encodeFrames(disconnectMessage());

/** The frames of a DISCONNECT: the same for every peer. */
export function disconnectFrames(): Frames {
  return DISCONNECT_FRAMES;
}

const NAMES = ["heartbeat", "status", "disconnect"];

/** What a trace shows in place of a topic. */
export function controlText({ aux1, aux2 }: Message): string {
  return `${NAMES[aux1] ?? "unknown"} ${aux2}`;
}
