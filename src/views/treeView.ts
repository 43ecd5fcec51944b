import * as vscode from 'vscode';
import type { Disposable } from '../editor/feed';
import { paced, type Paced } from '../editor/logs/paced';
import type { TreeNode } from '../tree/node';
import { pageSize, shownRows, type Shown } from '../tree/pages';
import { TreeState, type TreeElement } from '../tree/treeState';

/** The row at the end of a long list that shows more of it. */
export interface MoreRow {
  readonly id: string;
  readonly more: number;
  readonly parent: TreeElement | undefined;
}

export type Row = TreeElement | MoreRow;

/** Where a tree's rows come from. */
export interface TreeSource {
  /** Whether the rows are known; until then the view shows that it is loading. */
  readonly loaded: boolean;
  /** @param shownOf which rows of a list are shown; a source of long lists need not make the others */
  nodes(shownOf: (id: string) => Shown): readonly TreeNode[];
  onChange(listener: () => void): Disposable;
  /** Keeps the source up to date until disposed. */
  hold(): Disposable;
  /** Reads what stands below a row that is opened; a source that knows everything has nothing to read. */
  load?(id: string): Promise<void>;
  /** Reads more of what stands below a row, for a child whose context is `next`. */
  loadMore?(id: string): Promise<void>;
}

/** At most four redraws a second. */
const redrawMs = 250;

/** Draws a tree of data. Only rows that changed are drawn again, so that selection, expansion and scrolling stay. */
export class NodeTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #source: TreeSource;
  readonly #state = new TreeState();
  readonly #shown = new Map<string, Shown>();
  readonly #changed = new vscode.EventEmitter<Row | Row[] | undefined>();
  readonly #redraw: Paced;
  readonly #subscription: Disposable;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(source: TreeSource) {
    this.#source = source;
    this.#redraw = paced(() => {
      this.#update();
    }, redrawMs);
    this.#subscription = source.onChange(() => {
      this.#redraw.request();
    });
  }

  find(id: string): TreeElement | undefined {
    return this.#state.find(id);
  }

  async getChildren(row?: Row): Promise<Row[]> {
    if (row !== undefined && isMore(row)) return [];
    if (row === undefined) {
      await this.#whenLoaded();
      this.#state.update(this.#draw());
    } else if (this.#source.load !== undefined) {
      await this.#source.load(row.id);
      this.#update();
    }
    return row === undefined ? this.#page(this.#state.roots, undefined) : this.#page(this.#state.children(row), row);
  }

  getParent(row: Row): Row | undefined {
    return row.parent;
  }

  getTreeItem(row: Row): vscode.TreeItem {
    if (isMore(row)) return this.#moreItem(row);
    const item = itemOf(row);
    const { parent } = row;
    if (row.node.context === 'next' && parent !== undefined)
      item.command = loadCommand(row.node.label, () => this.#source.loadMore?.(parent.id));
    return item;
  }

  /** Shows one page more of the list below a row, or of the roots. */
  loadMore(parent: TreeElement | undefined): void {
    const id = parent?.id ?? '';
    const { limit, found } = this.#shownOf(id);
    this.#show(id, { limit: limit + pageSize, found }, parent);
  }

  /** Shows one row of a list that may lie behind those that are shown. */
  showRow(parent: TreeElement, id: string): TreeElement | undefined {
    const { limit, found } = this.#shownOf(parent.id);
    this.#show(parent.id, { limit, found: new Set([...found, id]) }, parent);
    return this.#state.find(id);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#redraw.close();
    this.#changed.dispose();
  }

  #shownOf(id: string): Shown {
    return this.#shown.get(id) ?? { limit: pageSize, found: new Set() };
  }

  #show(id: string, shown: Shown, parent: TreeElement | undefined): void {
    this.#shown.set(id, shown);
    this.#state.update(this.#draw());
    this.#changed.fire(parent);
  }

  #draw(): readonly TreeNode[] {
    return this.#source.nodes((id) => this.#shownOf(id));
  }

  /** A source that made only what is shown has cut the list itself. */
  #page(all: readonly TreeElement[], parent: TreeElement | undefined): Row[] {
    const id = parent?.id ?? '';
    const left = parent?.node.more ?? 0;
    const page = left > 0 ? { shown: all, more: left } : shownRows(all, this.#shownOf(id), (row) => row.id);
    return page.more === 0 ? [...page.shown] : [...page.shown, { id: `${id}!more`, more: page.more, parent }];
  }

  #update(): void {
    if (!this.#source.loaded) return;
    const change = this.#state.update(this.#draw());
    if (change.kind === 'all') this.#changed.fire(undefined);
    else if (change.elements.length > 0) this.#changed.fire([...change.elements]);
  }

  async #whenLoaded(): Promise<void> {
    if (this.#source.loaded) return;
    const held = this.#source.hold();
    try {
      await new Promise<void>((resolve) => {
        const subscription = this.#source.onChange(() => {
          if (!this.#source.loaded) return;
          subscription.dispose();
          resolve();
        });
      });
    } finally {
      held.dispose();
    }
  }

  #moreItem(row: MoreRow): vscode.TreeItem {
    const label = vscode.l10n.t('Load more ({0} left)', row.more);
    const item = new vscode.TreeItem(label);
    item.id = row.id;
    item.iconPath = new vscode.ThemeIcon('ellipsis');
    item.contextValue = 'more';
    item.command = loadCommand(label, () => {
      this.loadMore(row.parent);
    });
    return item;
  }
}

function loadCommand(title: string, load: () => unknown): vscode.Command {
  return { command: 'slipway.loadMore', title, arguments: [load] };
}

function isMore(row: Row): row is MoreRow {
  return 'more' in row;
}

const states = {
  leaf: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
};

function itemOf({ node }: TreeElement): vscode.TreeItem {
  const item = new vscode.TreeItem(node.label, states[node.state]);
  item.id = node.id;
  item.contextValue = node.context;
  item.accessibilityInformation = { label: node.accessibleLabel };
  if (node.description !== undefined) item.description = node.description;
  if (node.tooltip !== undefined) item.tooltip = new vscode.MarkdownString(node.tooltip);
  if (node.icon !== undefined)
    item.iconPath = new vscode.ThemeIcon(
      node.icon.id,
      node.icon.color === undefined ? undefined : new vscode.ThemeColor(node.icon.color),
    );
  if (node.opens !== undefined)
    item.command = { command: 'slipway.openReason', title: vscode.l10n.t('Open Cell'), arguments: [{ node }] };
  return item;
}
