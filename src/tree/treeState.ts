import type { TreeNode } from './node';

/** What a tree view holds: the same object for the same id as long as the row exists, so that the view keeps its place. */
export interface TreeElement {
  readonly id: string;
  node: TreeNode;
  parent: TreeElement | undefined;
}

/** What to draw again: everything when the roots changed, else the rows that changed, without those below one another. */
export type TreeChange =
  { readonly kind: 'all' } | { readonly kind: 'elements'; readonly elements: readonly TreeElement[] };

/** The rows of one tree between two snapshots. */
export class TreeState {
  readonly #elements = new Map<string, TreeElement>();
  #roots: readonly TreeElement[] = [];

  get roots(): readonly TreeElement[] {
    return this.#roots;
  }

  find(id: string): TreeElement | undefined {
    return this.#elements.get(id);
  }

  children(element: TreeElement): readonly TreeElement[] {
    return element.node.children.flatMap((child) => this.#elements.get(child.id) ?? []);
  }

  /** Takes the next snapshot and tells what has to be drawn again. */
  update(next: readonly TreeNode[]): TreeChange {
    const rootsChanged = !sameIds(next, this.#roots);
    const seen = new Set<string>();
    const changed: TreeElement[] = [];
    this.#roots = next.map((node) => this.#adopt(node, undefined, changed, seen));
    for (const id of this.#elements.keys()) if (!seen.has(id)) this.#elements.delete(id);
    return rootsChanged ? { kind: 'all' } : { kind: 'elements', elements: changed };
  }

  /** `changed` is undefined below a row that is drawn again with all below it. */
  #adopt(
    node: TreeNode,
    parent: TreeElement | undefined,
    changed: TreeElement[] | undefined,
    seen: Set<string>,
  ): TreeElement {
    seen.add(node.id);
    const known = this.#elements.get(node.id);
    const element = known ?? { id: node.id, node, parent };
    const redraw = known !== undefined && known.node !== node && !looksSame(known.node, node);
    if (redraw) changed?.push(element);
    element.node = node;
    element.parent = parent;
    this.#elements.set(node.id, element);
    for (const child of node.children) this.#adopt(child, element, redraw ? undefined : changed, seen);
    return element;
  }
}

/** Whether the row itself, and which rows stand directly below it, are as before. */
function looksSame(before: TreeNode, after: TreeNode): boolean {
  return sameIds(before.children, after.children) && appearance(before) === appearance(after);
}

function appearance(node: TreeNode): string {
  // The row itself is large, and what is seen of it stands in the texts.
  return JSON.stringify({ ...node, children: undefined, cluster: undefined });
}

function sameIds(before: readonly { readonly id: string }[], after: readonly { readonly id: string }[]): boolean {
  return before.length === after.length && before.every((one, index) => one.id === after[index]?.id);
}
