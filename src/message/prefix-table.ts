import { ownText } from "../base/index.ts";

/** Things by a key of one byte, in the order of their keys: never so many that a search or a move takes long. */
class ByByte<V> {
  readonly #keys: number[] = [];
  readonly #values: V[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** In the order of their keys. */
  get values(): readonly V[] {
    return this.#values;
  }

  get(key: number): V | undefined {
    const index = this.#indexOf(key);
    return this.#keys[index] === key ? this.#values[index] : undefined;
  }

  /** Adds a value under a key that has none. */
  add(key: number, value: V): V {
    const index = this.#indexOf(key);
    this.#keys.splice(index, 0, key);
    this.#values.splice(index, 0, value);
    return value;
  }

  /** Takes away the value of a key, which has one. */
  delete(key: number): void {
    const index = this.#indexOf(key);
    this.#keys.splice(index, 1);
    this.#values.splice(index, 1);
  }

  /** Index of the first key that is not below `key`. */
  #indexOf(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A node of the tree: the text from the root to it is a prefix, or where prefixes part. Its children differ in their first UTF-16 unit. */
class Node<T> {
  /** The text between its parent and it; empty at the root only. A string of its own, so that it keeps no other alive. */
  label: string;
  /** Values under the prefix; undefined when it is none. */
  values: Set<T> | undefined;
  /** By the upper byte, then by the lower byte of the first unit of their labels; undefined without children. */
  #pages: ByByte<ByByte<Node<T>>> | undefined;

  constructor(label: string, values?: Set<T>) {
    this.label = label;
    this.values = values;
  }

  get isLeaf(): boolean {
    return this.#pages === undefined;
  }

  get children(): Node<T>[] {
    return this.#pages?.values.flatMap(({ values }) => values) ?? [];
  }

  /** The child whose label begins with this unit. */
  child(first: number): Node<T> | undefined {
    return this.#pages?.get(first >>> 8)?.get(first & 0xff);
  }

  add(child: Node<T>): Node<T> {
    const first = child.label.charCodeAt(0);
    this.#pages ??= new ByByte();
    const page = this.#pages.get(first >>> 8) ?? this.#pages.add(first >>> 8, new ByByte());
    return page.add(first & 0xff, child);
  }

  delete(child: Node<T>): void {
    const first = child.label.charCodeAt(0);
    const page = this.#pages!.get(first >>> 8)!;
    page.delete(first & 0xff);
    if (page.size > 0) return;
    this.#pages!.delete(first >>> 8);
    if (this.#pages!.size === 0) this.#pages = undefined;
  }

  /** Ends the label after `length` units; what followed goes to a child of its own. */
  split(length: number): void {
    const rest = new Node<T>(ownText(this.label.slice(length)), this.values);
    rest.#pages = this.#pages;
    this.label = ownText(this.label.slice(0, length));
    this.values = undefined;
    this.#pages = undefined;
    this.add(rest);
  }

  /** If it is no prefix and has one child, takes that into itself. */
  mergeOnly(): void {
    const [page] = this.#pages?.values ?? [];
    if (this.values !== undefined || page === undefined || page.size + this.#pages!.size > 2) return;
    const [child] = page.values;
    this.label = ownText(this.label + child!.label);
    this.values = child!.values;
    this.#pages = child!.#pages;
  }
}

/**
 * Values by topic prefix, found by topic: the match of event subscriptions. The empty prefix matches every topic.
 *
 * It is a radix tree. A lookup follows one path: it reads each unit of the topic once at most, whatever the number of prefixes. Nothing depends on
 * hashes, and memory is proportional to the prefixes.
 *
 * Prefixes are of bytes in RFC 3; as they are whole UTF-8 texts, comparing them as strings is the same.
 */
export class PrefixTable<T> {
  readonly #root = new Node<T>("");
  #size = 0;

  /** Number of distinct prefixes. */
  get size(): number {
    return this.#size;
  }

  /** All prefixes, in no order. */
  prefixes(): string[] {
    return this.#nodes().map(([prefix]) => prefix);
  }

  /** All values; one under several prefixes comes several times. */
  values(): T[] {
    return this.#nodes().flatMap(([, { values }]) => [...values!]);
  }

  has(prefix: string): boolean {
    return this.#find(prefix)?.at(-1)?.values !== undefined;
  }

  /** Adds `value` under `prefix`; returns true when the prefix is new. */
  add(prefix: string, value: T): boolean {
    const node = this.#make(prefix);
    if (node.values !== undefined) {
      node.values.add(value);
      return false;
    }
    node.values = new Set([value]);
    this.#size++;
    return true;
  }

  /** Takes `value` away from `prefix`; returns true when that was the last one under it. */
  delete(prefix: string, value: T): boolean {
    const path = this.#find(prefix);
    const node = path?.at(-1);
    if (node?.values?.delete(value) !== true || node.values.size > 0) return false;
    node.values = undefined;
    this.#size--;
    const parent = path!.at(-2);
    if (parent === undefined) return true;
    if (node.isLeaf) {
      parent.delete(node);
      // The root stays as it is, with an empty label.
      if (path!.length > 2) parent.mergeOnly();
    } else node.mergeOnly();
    return true;
  }

  /** Calls `visit` with the values under each prefix of `topic`, the shortest first; a value under several prefixes comes several times. */
  match(topic: string, visit: (values: ReadonlySet<T>) => void): void {
    let node = this.#root;
    let at = 0;
    for (;;) {
      if (node.values !== undefined) visit(node.values);
      if (at >= topic.length) return;
      const child = node.child(topic.charCodeAt(at));
      if (child === undefined || !topic.startsWith(child.label, at)) return;
      at += child.label.length;
      node = child;
    }
  }

  /** The nodes from the root to that of exactly this text; undefined when there is none. */
  #find(text: string): Node<T>[] | undefined {
    let node = this.#root;
    const path = [node];
    for (let at = 0; at < text.length; at += node.label.length) {
      const child = node.child(text.charCodeAt(at));
      if (child === undefined || !text.startsWith(child.label, at)) return undefined;
      node = child;
      path.push(node);
    }
    return path;
  }

  /** The node of exactly this text, made if need be. */
  #make(text: string): Node<T> {
    let node = this.#root;
    for (let at = 0; at < text.length; ) {
      const child = node.child(text.charCodeAt(at));
      if (child === undefined) return node.add(new Node(ownText(text.slice(at))));
      const common = commonLength(child.label, text, at);
      if (common < child.label.length) child.split(common);
      at += common;
      node = child;
    }
    return node;
  }

  /** All nodes that are prefixes, with their texts. */
  #nodes(): [prefix: string, node: Node<T>][] {
    const found: [string, Node<T>][] = [];
    const rest: [string, Node<T>][] = [["", this.#root]];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const [text, node] = next;
      if (node.values !== undefined) found.push(next);
      for (const child of node.children) rest.push([text + child.label, child]);
    }
    return found;
  }
}

/** Length of what `label` and `text` from `at` on have in common. */
function commonLength(label: string, text: string, at: number): number {
  const most = Math.min(label.length, text.length - at);
  let common = 0;
  while (common < most && label.charCodeAt(common) === text.charCodeAt(at + common)) common++;
  return common;
}
