import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { resolveCliArgsFromVSCodeExecutablePath, runTests } from '@vscode/test-electron';
import { runTool } from '../runTool';
import { quietSettings } from './settings';
import { mkdir, writeFile } from 'node:fs/promises';

/** Where the program stands in a downloaded VS Code, by platform. */
const programs = [
  'code',
  'Code.exe',
  'Visual Studio Code.app/Contents/MacOS/Code',
  'Visual Studio Code.app/Contents/MacOS/Electron',
];

/** A desktop VS Code for tests: `VSCODE_TEST_EXECUTABLE`, else one that stands in `.vscode-test`. Nothing is downloaded. */
export function findDesktopEditor(root: string): string | undefined {
  const chosen = process.env['VSCODE_TEST_EXECUTABLE'];
  if (chosen) return chosen;
  const downloads = path.join(root, '.vscode-test');
  const versions = existsSync(downloads) ? readdirSync(downloads).filter((name) => name.startsWith('vscode-')) : [];
  return versions
    .flatMap((version) => programs.map((program) => path.join(downloads, version, program)))
    .find(existsSync);
}

export interface DesktopRun {
  readonly executable: string;
  readonly vsix: readonly string[];
  /** An empty extension: the VSIX is what is tested. */
  readonly host: string;
  readonly runner: string;
  readonly workspace: string;
  /** Settings and extensions of this run; the caller removes it. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the host tests in a desktop VS Code with a profile of its own. */
export async function runInDesktop(run: DesktopRun): Promise<void> {
  const profile = ['--extensions-dir', path.join(run.folder, 'ext'), '--user-data-dir', path.join(run.folder, 'data')];
  const settings = {
    ...quietSettings,
    'security.workspace.trust.enabled': false,
    'slipway.home': path.join(run.folder, 'home'),
  };
  await mkdir(path.join(run.folder, 'data/User'), { recursive: true });
  await writeFile(path.join(run.folder, 'data/User/settings.json'), JSON.stringify(settings));
  const [cli = run.executable] = resolveCliArgsFromVSCodeExecutablePath(run.executable, { reuseMachineInstall: true });
  await runTool(cli, [...profile, ...run.vsix.flatMap((file) => ['--install-extension', file])]);
  await runTests({
    vscodeExecutablePath: run.executable,
    extensionDevelopmentPath: run.host,
    extensionTestsPath: run.runner,
    extensionTestsEnv: { ...run.env },
    launchArgs: [run.workspace, ...profile, '--disable-workspace-trust', '--skip-welcome'],
    reuseMachineInstall: true,
  });
}
