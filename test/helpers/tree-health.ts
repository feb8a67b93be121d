import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Flux } from "../../src/client/index.ts";
import type { SupervisedTree } from "./supervised-tree.ts";

/** Longest wait for one answer while all is well. */
const ANSWER_MS = 5000;
/** Pause between two looks. */
const LOOK_MS = 20;

/**
 * Tries `check` again until it throws nothing; then resolves to the text of the last error, empty if there was none. After `boundMs` it rejects
 * with that error.
 */
export async function eventually(check: () => Promise<void>, boundMs: number): Promise<string> {
  const end = performance.now() + boundMs;
  let last = "";
  for (;;) {
    try {
      await check();
      return last;
    } catch (error) {
      if (performance.now() > end) throw error;
      last = (error as Error).message;
    }
    await delay(LOOK_MS);
  }
}

/** @throws AssertionError unless each rank is full in its own eyes and its parent's, all are online and none is torpid. */
export async function checkHealth(tree: SupervisedTree): Promise<void> {
  const ranks = Array.from({ length: tree.size }, (_, rank) => rank);
  for (const rank of ranks) {
    const flux = clientOf(tree, rank);
    const health = await flux.rpc("overlay.health", {}, { timeoutMs: ANSWER_MS });
    assert.equal(health["status"], "full", `status at rank ${rank}`);
    const below = health["children"] as { rank: number; status: string }[];
    assert.deepEqual(
      below.map((child) => [child.rank, child.status]),
      tree.topology.children(rank).map((child) => [child, "full"]),
      `children of rank ${rank}`,
    );
  }
  const leader = clientOf(tree, 0);
  const all = tree.size === 1 ? "0" : `0-${tree.size - 1}`;
  assert.equal(await members(leader, "broker.online"), all, "broker.online");
  assert.equal(await members(leader, "broker.torpid"), "", "broker.torpid");
}

/** @throws AssertionError when a broker remembers requests that nobody waits for, or clients that are gone. For a tree in which nothing is under way. */
export async function checkLeftovers(tree: SupervisedTree): Promise<void> {
  for (let rank = 0; rank < tree.size; rank++) {
    const flux = clientOf(tree, rank);
    const stats = await flux.rpc("overlay.stats-get", {}, { timeoutMs: ANSWER_MS });
    // Each broker follows its parent's state and configuration.
    const expected = [rank === 0 ? 0 : 2, 0, 0];
    const { sendq } = stats["interthread"] as { sendq: number };
    assert.deepEqual(
      [stats["parent-rpc"], stats["child-rpc"], sendq],
      expected,
      `what waits at rank ${rank}`,
    );
    const { server } = await flux.rpc<{ server: { clients: unknown[] } }>(
      "connector-local.stats-get",
      {},
      { timeoutMs: ANSWER_MS },
    );
    assert.equal(server.clients.length, 1, `clients of rank ${rank}`);
  }
}

/** The members of a group, as a set of ranks in text. */
export async function members(leader: Flux, name: string): Promise<string> {
  const answer = await leader.rpc("groups.get", { name }, { timeoutMs: ANSWER_MS });
  return String(answer["members"]);
}

/** The client of a rank. Throws AssertionError when it has none. */
export function clientOf(tree: SupervisedTree, rank: number): Flux {
  const flux = tree.client(rank);
  assert(flux !== undefined, `no client at rank ${rank}`);
  return flux;
}
