import { FluxError } from "../base/index.ts";

/** Ranks in a row: `ppn` on each of `nodes` nodes from `node` on, all that `repeat` times. Source: RFC 34. */
export interface TaskBlock {
  readonly node: number;
  readonly nodes: number;
  readonly ppn: number;
  readonly repeat: number;
}

/** A block as it stands in the attribute `broker.mapping`. */
const BLOCK = /^\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]$/;

/**
 * Which rank is on which node.
 * Reads the form of RFC 34, `[[0,1,4,1]]` or `{"version":1,"map":[[0,1,4,1]]}`, and that of PMI, `(vector,(0,1,4))`; the empty text says nothing
 * about any rank.
 */
export class Taskmap {
  readonly blocks: readonly TaskBlock[];

  private constructor(blocks: readonly TaskBlock[]) {
    this.blocks = blocks;
  }

  /** @throws FluxError EINVAL for a text that is none. */
  static parse(text: string): Taskmap {
    const trimmed = text.trim();
    if (trimmed === "") return new Taskmap([]);
    const vector = /^\(vector,(.*)\)$/s.exec(trimmed);
    const wrapped = /^\{\s*"version"\s*:\s*1\s*,\s*"map"\s*:\s*(\[.*\])\s*\}$/s.exec(trimmed);
    const blocks = vector === null ? parseBlocks(wrapped?.[1] ?? trimmed) : parseVector(vector[1]!);
    if (blocks === undefined) throw new FluxError("EINVAL", `'${text}' is no map of ranks to nodes`);
    return new Taskmap(blocks);
  }

  /** The form of RFC 34. */
  toString(): string {
    const blocks = this.blocks.map(({ node, nodes, ppn, repeat }) => `[${node},${nodes},${ppn},${repeat}]`);
    return `[${blocks.join(",")}]`;
  }

  /** The node of a rank; undefined for one that is in no block. */
  nodeOf(rank: number): number | undefined {
    let first = 0;
    for (const { node, nodes, ppn, repeat } of this.blocks) {
      const size = nodes * ppn * repeat;
      if (rank < first + size) return node + Math.floor(((rank - first) % (nodes * ppn)) / ppn);
      first += size;
    }
    return undefined;
  }
}

function parseBlocks(text: string): TaskBlock[] | undefined {
  if (!text.startsWith("[") || !text.endsWith("]")) return undefined;
  const inner = text.slice(1, -1).trim();
  if (inner === "") return [];
  const blocks: TaskBlock[] = [];
  for (const word of inner.split(/(?<=\])\s*,\s*(?=\[)/)) {
    const match = BLOCK.exec(word);
    if (match === null) return undefined;
    const [node, nodes, ppn, repeat] = match.slice(1).map(Number);
    blocks.push({ node: node!, nodes: nodes!, ppn: ppn!, repeat: repeat! });
  }
  return blocks;
}

function parseVector(text: string): TaskBlock[] | undefined {
  if (!/^\(\d+,\d+,\d+\)(,\(\d+,\d+,\d+\))*$/.test(text.replace(/\s/g, ""))) return undefined;
  const blocks = [...text.matchAll(/(\d+)\s*,\s*(\d+)\s*,\s*(\d+)/g)];
  return blocks.map(([, node, nodes, ppn]) => ({
    node: Number(node),
    nodes: Number(nodes),
    ppn: Number(ppn),
    repeat: 1,
  }));
}
