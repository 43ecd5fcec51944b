import * as vscode from 'vscode';
import type { ObjectEdit, ObjectRef } from '../../core/cluster';
import { isUserError, UserError, type UserError as Failure } from '../../core/errors';
import type { ObjectOwner } from '../../core/owner';
import { ownersDetail } from '../takeOver';
import { breadcrumb } from './clusterSubject';
import { confirmOn, confirmProtected } from './confirm';
import type { ClusterStore } from './clusterStore';
import { fieldLine } from './fieldLine';
import { shownTexts } from './shownText';

export const objectScheme = 'slipway-object';

interface Cause {
  readonly message?: string;
  readonly field?: string;
}

/** The address of an object as a document; it holds all that is needed to find the object again. */
export function objectUri(clusterId: string, ref: ObjectRef): vscode.Uri {
  const folders = [clusterId, ref.namespace ?? '', ref.plural].map((part) => part.replaceAll('/', '-'));
  const query = JSON.stringify({ clusterId, ref });
  return vscode.Uri.from({ scheme: objectScheme, path: `/${folders.join('/')}/${ref.name}.yaml`, query });
}

/**
 * Objects of clusters as files. Reading shows the object as it is now; saving tries the change on the server, shows what
 * would come of it, and applies it when the user agrees. Fields of others are marked in the text with their owners.
 */
export class ObjectFiles implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #clusters: ClusterStore;
  readonly #texts = shownTexts();
  readonly #changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #problems = vscode.languages.createDiagnosticCollection('slipway-object');
  readonly #read = new Map<string, { readonly text: string; readonly at: number }>();
  readonly #registrations: readonly vscode.Disposable[];
  readonly onDidChangeFile = this.#changes.event;

  constructor(clusters: ClusterStore) {
    this.#clusters = clusters;
    this.#registrations = [
      vscode.workspace.registerFileSystemProvider(objectScheme, this, { isCaseSensitive: true }),
      // The server adds to what was written; the document shows it once the save is over.
      vscode.workspace.onDidSaveTextDocument(({ uri }) => {
        if (uri.scheme === objectScheme) this.#changes.fire([{ type: vscode.FileChangeType.Changed, uri }]);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#problems.delete(uri);
        this.#read.delete(uri.toString());
      }),
    ];
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { text, at } = this.#read.get(uri.toString()) ?? (await this.#readAgain(uri));
    const isSecret = subjectOf(uri).ref.kind === 'Secret';
    return {
      type: vscode.FileType.File,
      ctime: at,
      mtime: at,
      size: Buffer.byteLength(text),
      ...(isSecret ? { permissions: vscode.FilePermission.Readonly } : {}),
    };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return Buffer.from((await this.#readAgain(uri)).text);
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const { clusterId, ref } = subjectOf(uri);
    const before = (this.#read.get(uri.toString()) ?? (await this.#readAgain(uri))).text;
    const after = Buffer.from(content).toString('utf8');
    if (before === after) return;
    try {
      const applied = await this.#apply(uri, clusterId, { ref, before, after, force: false });
      if (!applied) throw new UserError('NotApplied', vscode.l10n.t('Nothing was changed on the cluster.'));
    } catch (error) {
      throw isUserError(error) ? vscode.FileSystemError.Unavailable(error.message) : error;
    }
    await this.#readAgain(uri);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(): void {
    throw vscode.FileSystemError.NoPermissions();
  }

  delete(): void {
    throw vscode.FileSystemError.NoPermissions();
  }

  rename(): void {
    throw vscode.FileSystemError.NoPermissions();
  }

  dispose(): void {
    for (const one of [...this.#registrations, this.#problems, this.#changes, this.#texts]) one.dispose();
  }

  async #readAgain(uri: vscode.Uri): Promise<{ readonly text: string; readonly at: number }> {
    const { clusterId, ref } = subjectOf(uri);
    const { objects } = await this.#cluster(clusterId);
    const text = await objects.read(ref, AbortSignal.timeout(30_000)).catch((error: unknown) => {
      throw isUserError(error) ? vscode.FileSystemError.Unavailable(error.message) : error;
    });
    const known = this.#read.get(uri.toString());
    const read = known?.text === text ? known : { text, at: Date.now() };
    this.#read.set(uri.toString(), read);
    return read;
  }

  async #cluster(clusterId: string) {
    const held = this.#clusters.hold();
    try {
      await this.#clusters.ready();
      const cluster = this.#clusters.clusters.find(({ id }) => id === clusterId);
      const objects = await cluster?.objects?.();
      if (cluster === undefined || objects === undefined) throw vscode.FileSystemError.Unavailable(clusterId);
      return { cluster, objects };
    } finally {
      held.dispose();
    }
  }

  /** @returns false when the user did not agree */
  async #apply(uri: vscode.Uri, clusterId: string, edit: ObjectEdit): Promise<boolean> {
    const { cluster, objects } = await this.#cluster(clusterId);
    const signal = AbortSignal.timeout(60_000);
    this.#problems.delete(uri);
    try {
      const preview = await objects.preview(edit, signal);
      const owners = await objects.owners(edit.ref, signal);
      if (!(await this.#agree({ cluster, ref: edit.ref }, preview, owners))) return false;
      await objects.apply(edit, signal);
      return true;
    } catch (error) {
      if (!isUserError(error)) throw error;
      const causes = this.#mark(uri, edit.after, error);
      if (error.code !== 'KubernetesConflict' || edit.force || causes.length === 0) throw error;
      const question = vscode.l10n.t('Take these fields over from their owners?');
      const isTaken = await confirmOn(
        { cluster, ref: edit.ref },
        question,
        causes.join('\n'),
        vscode.l10n.t('Take Over'),
      );
      return isTaken && this.#apply(uri, clusterId, { ...edit, force: true });
    }
  }

  async #agree(
    subject: Parameters<typeof breadcrumb>[0],
    { before, after }: { readonly before: string; readonly after: string },
    owners: readonly ObjectOwner[],
  ): Promise<boolean> {
    const title = vscode.l10n.t('{0}: Now and After the Change', subject.ref.name);
    await vscode.commands.executeCommand(
      'vscode.diff',
      this.#texts.uri(`now/${subject.ref.name}.yaml`, before),
      this.#texts.uri(`after/${subject.ref.name}.yaml`, after),
      title,
      { preview: true },
    );
    const button = vscode.l10n.t('Apply');
    const question = vscode.l10n.t('Apply the change to {0}?', breadcrumb(subject));
    const isAgreed =
      owners.length > 0
        ? (await vscode.window.showWarningMessage(question, { modal: true, detail: ownersDetail(owners) }, button)) ===
          button
        : (await vscode.window.showInformationMessage(question, button, vscode.l10n.t('Cancel'))) === button;
    return isAgreed && confirmProtected(subject.cluster.displayName, subject.ref.name, question);
  }

  /** Marks what the server objects to, where it names fields. @returns a line for each */
  #mark(uri: vscode.Uri, text: string, { details, message }: Failure): readonly string[] {
    const causes = (details['causes'] ?? []) as readonly Cause[];
    const line = typeof details['line'] === 'number' ? details['line'] - 1 : undefined;
    const found = causes.map(({ message: why = '', field = '' }) => ({
      at: fieldLine(text, field),
      why: `${field}: ${why}`,
    }));
    const all = found.length > 0 ? found : [{ at: line ?? 0, why: message }];
    const range = (at: number) => new vscode.Range(at, 0, at, Number.MAX_SAFE_INTEGER);
    this.#problems.set(
      uri,
      all.map(({ at, why }) => new vscode.Diagnostic(range(at), why, vscode.DiagnosticSeverity.Error)),
    );
    return found.map(({ why }) => why);
  }
}

function subjectOf(uri: vscode.Uri): { readonly clusterId: string; readonly ref: ObjectRef } {
  return JSON.parse(uri.query) as { clusterId: string; ref: ObjectRef };
}
