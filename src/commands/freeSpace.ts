import * as vscode from 'vscode';
import { freedBy, type FolderSize } from '../clients/files/measureFolder';
import { withNotification } from '../editor/progress';
import { formatBytes } from '../pipeline/formatPlan';
import { freeSpace as free, measureSpace } from '../pipeline/freeSpace';
import type { Services } from '../pipeline/services';
import { listSpace, type SpaceItem } from '../pipeline/spaceItems';
import { spaceRow } from '../pipeline/spaceText';
import type { Command } from './command';

interface Row extends vscode.QuickPickItem {
  readonly item?: SpaceItem;
}

/** Lists what the home folder costs, and deletes what the user chose of what no release needs. */
export const freeSpace: Command = async (app) => {
  const services = await app.services();
  const chosen = await chooseItems(services);
  if (chosen === undefined || chosen.length === 0) return;
  const title = vscode.l10n.t('Free Space');
  const { bytes } = await withNotification(title, (_progress, signal) =>
    free(
      services,
      chosen.map((one) => one.id),
      signal,
    ),
  );
  void vscode.window.showInformationMessage(vscode.l10n.t('{0} were freed.', formatBytes(bytes)));
};

/** Sizes come in while the list is open. Undefined when it was closed without a choice. */
async function chooseItems(services: Services): Promise<readonly SpaceItem[] | undefined> {
  const controller = new AbortController();
  const items = await listSpace(services.home, controller.signal);
  const sizes = new Map<string, FolderSize>();
  const pick = vscode.window.createQuickPick<Row>();
  pick.title = vscode.l10n.t('Free Space');
  pick.canSelectMany = true;
  pick.matchOnDescription = true;
  pick.busy = true;
  const show = (): void => {
    const selected = new Set(pick.selectedItems.map((row) => row.item?.id));
    pick.items = rowsOf(items, sizes);
    pick.selectedItems = pick.items.filter((row) => row.item !== undefined && selected.has(row.item.id));
  };
  const tellFreed = (): void => {
    const known = pick.selectedItems.flatMap((row) => sizes.get(row.item?.id ?? '') ?? []);
    pick.placeholder =
      pick.selectedItems.length === 0
        ? vscode.l10n.t('Choose what to delete')
        : vscode.l10n.t('{0} would be freed', formatBytes(freedBy(known)));
  };
  show();
  tellFreed();
  const measuring = measure(items, sizes, controller.signal, () => {
    show();
    tellFreed();
  }).finally(() => {
    pick.busy = false;
  });
  measuring.catch(() => undefined);
  try {
    return await new Promise((resolve) => {
      pick.onDidChangeSelection((rows) => {
        // A pick cannot disable a row: what is in use is listed for its size and loses its tick at once.
        const allowed = rows.filter((row) => row.item?.usedBy.length === 0);
        if (allowed.length < rows.length) pick.selectedItems = allowed;
        tellFreed();
      });
      pick.onDidAccept(() => {
        resolve(pick.selectedItems.flatMap((row) => (row.item?.usedBy.length === 0 ? [row.item] : [])));
      });
      pick.onDidHide(() => {
        resolve(undefined);
      });
      pick.show();
    });
  } finally {
    controller.abort();
    pick.dispose();
  }
}

/** At most four refreshes a second. */
async function measure(
  items: readonly SpaceItem[],
  sizes: Map<string, FolderSize>,
  signal: AbortSignal,
  changed: () => void,
): Promise<void> {
  let shown = Date.now();
  for await (const { item, size } of measureSpace(items, signal)) {
    signal.throwIfAborted();
    sizes.set(item.id, size);
    if (Date.now() - shown < 250) continue;
    shown = Date.now();
    changed();
  }
  changed();
}

/** What can be deleted, then what is in use, both by size. */
function rowsOf(items: readonly SpaceItem[], sizes: ReadonlyMap<string, FolderSize>): readonly Row[] {
  const sorted = [...items].sort((left, right) => (sizes.get(right.id)?.bytes ?? 0) - (sizes.get(left.id)?.bytes ?? 0));
  const group = (label: string, used: boolean): readonly Row[] => {
    const rows = sorted
      .filter((one) => one.usedBy.length > 0 === used)
      .map((item) => ({ ...spaceRow(item, sizes.get(item.id)), item }));
    return rows.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...rows];
  };
  return [
    ...group(vscode.l10n.t('Needed by no release'), false),
    ...group(vscode.l10n.t('In use, cannot be deleted'), true),
  ];
}
