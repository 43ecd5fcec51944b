import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelRef } from '../subject';

/** Scheme of the documents of Test Prediction: `slipway-test:/TARGET/MODEL/MODEL.request.json` and `….response.jsonc`. */
export const testScheme = 'slipway-test';

/** A request that was sent and what came back, for the regression check that the user may make of it. */
export interface SentRequest {
  readonly body: string;
  readonly predictions: unknown;
}

/**
 * Requests and responses as documents of the editor. They lie in the extension's own storage of this workspace, so a
 * request is still there after the window was reloaded; responses cannot be edited.
 */
export class TestDocuments implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #storage: string;
  readonly #changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #sent = new Map<string, SentRequest>();
  readonly onDidChangeFile = this.#changes.event;

  constructor(storage: string) {
    this.#storage = storage;
  }

  remember(model: ModelRef, sent: SentRequest): void {
    this.#sent.set(requestUri(model).toString(), sent);
  }

  /** What was sent last, if it was this text and was answered. */
  answered(model: ModelRef, body: string): SentRequest | undefined {
    const sent = this.#sent.get(requestUri(model).toString());
    return sent?.body === body ? sent : undefined;
  }

  async has(uri: vscode.Uri): Promise<boolean> {
    return stat(this.#fileOf(uri)).then(
      () => true,
      () => false,
    );
  }

  /** Writes a document from here, also one that the user cannot edit. */
  async put(uri: vscode.Uri, text: string): Promise<void> {
    const file = this.#fileOf(uri);
    const type = (await this.has(uri)) ? vscode.FileChangeType.Changed : vscode.FileChangeType.Created;
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    this.#changes.fire([{ type, uri }]);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const found = await stat(this.#fileOf(uri)).catch(() => undefined);
    if (found === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    const type = found.isDirectory() ? vscode.FileType.Directory : vscode.FileType.File;
    const readOnly = isResponse(uri) ? { permissions: vscode.FilePermission.Readonly } : {};
    return { type, ctime: found.ctimeMs, mtime: found.mtimeMs, size: found.size, ...readOnly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return readFile(this.#fileOf(uri)).catch(() => {
      throw vscode.FileSystemError.FileNotFound(uri);
    });
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    if (modelOfTest(uri) === undefined || isResponse(uri)) throw vscode.FileSystemError.NoPermissions(uri);
    await this.put(uri, Buffer.from(content).toString('utf8'));
  }

  async delete(uri: vscode.Uri): Promise<void> {
    if (modelOfTest(uri) === undefined) throw vscode.FileSystemError.NoPermissions(uri);
    await rm(this.#fileOf(uri), { force: true });
    this.#changes.fire([{ type: vscode.FileChangeType.Deleted, uri }]);
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#changes.dispose();
  }

  /** Each part of the path is one file name, whatever it holds. */
  #fileOf(uri: vscode.Uri): string {
    const parts = uri.path.split('/').filter((part) => part !== '');
    return path.join(
      this.#storage,
      ...parts.map((part) => encodeURIComponent(part).replace(/^\.+$/, '_').replaceAll('*', '%2A')),
    );
  }
}

export function requestUri(model: ModelRef): vscode.Uri {
  return uriOf(model, `${model.name}.request.json`);
}

/** JSON with comments: what we say of an answer stands above it. */
export function responseUri(model: ModelRef): vscode.Uri {
  return uriOf(model, `${model.name}.response.jsonc`);
}

/** The model that a test document is about. */
export function modelOfTest(uri: vscode.Uri): ModelRef | undefined {
  if (uri.scheme !== testScheme) return undefined;
  const [, target, name, file] = uri.path.split('/');
  return target === undefined || name === undefined || file === undefined
    ? undefined
    : { targetId: decodeURIComponent(target), name };
}

function isResponse(uri: vscode.Uri): boolean {
  return uri.path.endsWith('.response.jsonc');
}

/** A target's id may hold slashes. */
function uriOf({ targetId, name }: ModelRef, file: string): vscode.Uri {
  return vscode.Uri.from({ scheme: testScheme, path: `/${encodeURIComponent(targetId)}/${name}/${file}` });
}
