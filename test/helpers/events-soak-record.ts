import assert from "node:assert/strict";
import type { Flux } from "../../src/client/index.ts";
import type { EventPosition } from "../../src/message/index.ts";

/** What the topics of the events begin with. */
export const SOAK_PREFIX = "soak.";

/** An event as records have it: `EPOCH:SEQ TOPIC PAYLOAD`. */
export function line(position: EventPosition, topic: string, payload: Uint8Array | undefined): string {
  return `${position.epoch}:${position.seq} ${topic} ${new TextDecoder().decode(payload)}`;
}

/** The events of rank 0's log up to a position, as lines. Fails when it has forgotten any. */
export async function logOf(leader: Flux, until: EventPosition): Promise<string[]> {
  const lines: string[] = [];
  const request = { prefix: SOAK_PREFIX, since: "begin", until: { ...until } };
  for await (const part of leader.stream("event.replay", request)) {
    const { epoch, events, lost } = part as unknown as LogPart;
    assert.equal(lost, undefined, "rank 0 has all events");
    for (const { seq, topic, payload } of events)
      lines.push(
        line({ epoch, seq }, topic, payload === undefined ? undefined : Buffer.from(payload, "base64")),
      );
  }
  return lines;
}

/** A response to event.replay in the encoding `json`. */
interface LogPart {
  readonly epoch: number;
  readonly lost?: unknown;
  readonly events: readonly { readonly seq: number; readonly topic: string; readonly payload?: string }[];
}

/** Where a record first differs from the log; undefined when it does not. */
export function difference(record: readonly string[], log: readonly string[]): string | undefined {
  const length = Math.max(record.length, log.length);
  for (let i = 0; i < length; i++)
    if (record[i] !== log[i]) {
      const counts = `${record.length} events, the log has ${log.length}`;
      return `${counts}; number ${i}: ${record[i] ?? "nothing"}, in the log ${log[i] ?? "nothing"}`;
    }
  return undefined;
}
