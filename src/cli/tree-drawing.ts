/** A node of a tree. */
export interface TreeNode<T> {
  readonly children: readonly T[];
}

/** How a tree is drawn. */
export interface DrawOptions {
  /** Without them each node is a line of its own, not indented. Default true. */
  readonly branches?: boolean;
  /** What becomes of the lines between nodes, as a colour. */
  readonly paint?: (branch: string) => string;
}

/**
 * The lines of a tree, each node below its parent and before its siblings' children; `text` is what stands for a node.
 *
 * ```
 * 0
 * ├─ 1
 * │  └─ 3
 * └─ 2
 * ```
 */
export function drawTree<T extends TreeNode<T>>(
  root: T,
  text: (node: T) => string,
  { branches = true, paint = (branch) => branch }: DrawOptions = {},
): string[] {
  const lines: string[] = [];
  const draw = (node: T, first: string, rest: string): void => {
    lines.push(`${branches && first !== "" ? paint(first) : ""}${text(node)}`);
    node.children.forEach((child, index) => {
      const isLast = index === node.children.length - 1;
      draw(child, `${rest}${isLast ? "└─ " : "├─ "}`, `${rest}${isLast ? "   " : "│  "}`);
    });
  };
  draw(root, "", "");
  return lines;
}
