import path from 'node:path';
import * as vscode from 'vscode';
import type { Location } from '../core/errors';
import type { Finding } from '../core/project';
import type { Disposable } from './feed';
import { findCell, lineRange } from './openLocation';

/** A finding in the Problems panel and the folder that its paths are relative to. */
export interface Problem {
  readonly diagnostic: vscode.Diagnostic;
  readonly finding: Finding;
  readonly root: string;
}

/** What is wrong in files and cells, shown where it is. A document's problems go when it is edited: they tell of its old text. */
export class Problems implements Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('slipway');
  readonly #problems = new Map<string, Problem[]>();
  readonly #subscriptions: readonly Disposable[];

  constructor() {
    this.#subscriptions = [
      this.#collection,
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.#clear(document.uri);
      }),
    ];
  }

  /** Problems of one document, for its quick fixes. */
  of(uri: vscode.Uri): readonly Problem[] {
    return this.#problems.get(uri.toString()) ?? [];
  }

  /** Replaces all problems of a project. */
  async show(root: string, findings: readonly Finding[]): Promise<void> {
    for (const [key, problems] of this.#problems)
      if (problems.some((one) => one.root === root)) this.#clear(vscode.Uri.parse(key));
    for (const finding of findings) await this.add(root, finding);
  }

  async add(root: string, finding: Finding): Promise<void> {
    const place = await placeOf(root, finding.location);
    const diagnostic = new vscode.Diagnostic(place.range, finding.message, severityOf(finding));
    diagnostic.source = 'Slipway';
    diagnostic.code = finding.code;
    const key = place.uri.toString();
    const problems = [...(this.#problems.get(key) ?? []), { diagnostic, finding, root }];
    this.#problems.set(key, problems);
    this.#collection.set(
      place.uri,
      problems.map((one) => one.diagnostic),
    );
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #clear(uri: vscode.Uri): void {
    if (this.#problems.delete(uri.toString())) this.#collection.delete(uri);
  }
}

async function placeOf(
  root: string,
  location: Location | undefined,
): Promise<{ readonly uri: vscode.Uri; readonly range: vscode.Range }> {
  const uri = vscode.Uri.file(location === undefined ? root : path.resolve(root, location.file));
  try {
    if (location !== undefined && uri.path.endsWith('.ipynb')) {
      const notebook = await vscode.workspace.openNotebookDocument(uri);
      const cell = findCell(notebook, location.cell);
      if (cell !== undefined) return { uri: cell.document.uri, range: lineRange(location.line, cell.document) };
    } else if (location?.line !== undefined) {
      return { uri, range: lineRange(location.line, await vscode.workspace.openTextDocument(uri)) };
    }
  } catch {
    // A notebook that cannot be read is what the finding is about: it is shown at the file.
  }
  return { uri, range: lineRange(location?.line) };
}

function severityOf(finding: Finding): vscode.DiagnosticSeverity {
  switch (finding.severity) {
    case 'error':
      return vscode.DiagnosticSeverity.Error;
    case 'warning':
      return vscode.DiagnosticSeverity.Warning;
    case 'info':
      return vscode.DiagnosticSeverity.Information;
  }
}
