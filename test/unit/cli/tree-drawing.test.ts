import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drawTree } from "../../../src/cli/tree-drawing.ts";

interface Node {
  readonly name: string;
  readonly children: readonly Node[];
}

const node = (name: string, ...children: Node[]): Node => ({ name, children });
const text = ({ name }: Node): string => name;

describe("a tree", () => {
  const tree = node("0", node("1", node("3", node("7")), node("4")), node("2", node("5", node("6"))));

  test("is drawn with a line a node, its children indented", () => {
    assert.equal(
      drawTree(tree, text).join("\n"),
      `
0
├─ 1
│  ├─ 3
│  │  └─ 7
│  └─ 4
└─ 2
   └─ 5
      └─ 6`.trimStart(),
    );
  });

  test("of a single node is its text", () => {
    assert.deepEqual(drawTree(node("0"), text), ["0"]);
  });

  test("without branches keeps the order", () => {
    assert.deepEqual(drawTree(tree, text, { branches: false }), ["0", "1", "3", "7", "4", "2", "5", "6"]);
  });

  test("has its branches painted, its nodes not", () => {
    const paint = (branch: string): string => `<${branch}>`;
    assert.deepEqual(drawTree(node("0", node("1"), node("2")), text, { paint }), ["0", "<├─ >1", "<└─ >2"]);
  });

  test("may be a thousand levels deep", () => {
    let chain = node("leaf");
    for (let i = 0; i < 1023; i++) chain = node("n", chain);
    const lines = drawTree(chain, text);
    assert.equal(lines.length, 1024);
    assert.equal(lines.at(-1), `${"   ".repeat(1022)}└─ leaf`);
  });
});
