import { comparePositions, decodeAll, type EventPosition, formatPosition } from "../../src/message/index.ts";
import { idOf } from "./event-simulation-record.ts";
import { covers, type SimulatedTree } from "./event-simulation-tree.ts";

/** Holds what each rank keeps in memory against what rank 0 recorded. */
export async function checkRing(tree: SimulatedTree, fault: (text: string) => void): Promise<void> {
  const { record } = tree;
  for (const rank of tree.keepers) {
    const { broker, lost } = tree.run(rank)!;
    const events = broker.events!;
    const first = events.stat()["first"] as unknown as EventPosition;
    let at: EventPosition = { epoch: first.epoch, seq: first.seq - 1 };
    while (comparePositions(at, events.last) < 0) {
      const batch = await events.read(at, {});
      for (const event of decodeAll(batch.frames)) {
        const published = record.at({ epoch: batch.epoch, seq: event.seq });
        if (published?.id !== idOf(event))
          fault(`rank ${rank} keeps ${idOf(event)} as ${event.seq}, which is ${published?.id}`);
      }
      const missing = batch.lost.reduce((sum, [from, to]) => sum + to - from + 1, 0);
      const reached = batch.epoch === at.epoch ? batch.through - at.seq : batch.through;
      if (batch.count + missing !== reached)
        fault(
          `rank ${rank} keeps ${batch.count} events and misses ${missing} of the ${reached} behind ${formatPosition(at)}`,
        );
      for (const [from, to] of batch.lost) {
        const told = (seq: number): boolean => lost.some((range) => covers(range, batch.epoch, seq));
        if (!told(from) || !told(to)) fault(`rank ${rank} misses ${from} to ${to} and never said so`);
      }
      if (comparePositions(batch.next, at) <= 0) {
        fault(`rank ${rank} can't read on behind ${formatPosition(at)}`);
        break;
      }
      at = batch.next;
    }
  }
}
