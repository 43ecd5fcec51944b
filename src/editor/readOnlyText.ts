import * as vscode from 'vscode';

/** Texts that Slipway wrote for reading, such as a plan, shown as documents that cannot be edited. */
export class ReadOnlyText implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changes = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration: vscode.Disposable;
  readonly #scheme: string;
  readonly onDidChange = this.#changes.event;

  constructor(scheme: string) {
    this.#scheme = scheme;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  }

  /** @param name the document's path, its last part is what the tab shows */
  async show(name: string, text: string): Promise<void> {
    await vscode.window.showTextDocument(this.put(name, text), { preview: true });
  }

  /** Makes a document without showing it. @param state of several that a document of this name has */
  put(name: string, text: string, state = ''): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: this.#scheme, path: `/${name}`, query: state });
    this.#texts.set(uri.toString(), text);
    this.#changes.fire(uri);
    return uri;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changes.dispose();
  }
}
