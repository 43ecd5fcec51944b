import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';

/** The part that we use of the Python extension's interface. @see https://github.com/microsoft/vscode-python/wiki/Python-Environment-APIs */
interface PythonExtension {
  readonly environments: {
    /** Of a notebook the environment of its kernel, else that of the workspace. */
    getActiveEnvironmentPath(resource: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      environment: unknown,
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

/** How long the Python extension may take to look at an environment. */
const patienceMs = 5000;

/**
 * The Python that is chosen in the editor for a file: the kernel of a notebook, else the interpreter of the workspace. None
 * without the Python extension, or where it does not answer.
 */
export async function environmentsOf(file: string): Promise<readonly string[]> {
  const extension = vscode.extensions.getExtension<PythonExtension>('ms-python.python');
  if (extension?.isActive !== true) return [];
  try {
    const { environments } = extension.exports;
    const chosen = environments.getActiveEnvironmentPath(vscode.Uri.file(file));
    const late = delay(patienceMs, undefined, { ref: false });
    const resolved = await Promise.race([environments.resolveEnvironment(chosen), late]);
    return [resolved?.executable.uri?.fsPath ?? chosen.path];
  } catch {
    // Another version of that extension; the project's own folder may tell.
    return [];
  }
}
