import path from 'node:path';
import type { Workspace } from './workspace';

/** Makes a virtual environment in the workspace and returns its interpreter. It shares nothing with any project's. */
export async function makeRunnerPython(
  workspace: Workspace,
  name: string,
  requirements: readonly string[],
): Promise<string> {
  const uv = await workspace.services.uv(workspace.signal);
  const folder = path.join(workspace.root, 'environments', name);
  const python =
    process.platform === 'win32' ? path.join(folder, 'Scripts', 'python.exe') : path.join(folder, 'bin', 'python');
  const options = { subject: `the test client ${name}` };
  await uv.run(['venv', '--no-project', '--python', '>=3.10', folder], options, workspace.signal);
  await uv.run(['pip', 'install', '--python', python, ...requirements], options, workspace.signal);
  return python;
}
