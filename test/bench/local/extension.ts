import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '../../support/eventually';
import { openContainer } from '../../ui/support/window';
import { repository } from '../../support/workspace';
import { editorProblem } from '../../testbed/vscode/hostTests';
import { startServer, type EditorServer } from '../../testbed/vscode/server';
import { openWorkbench } from '../../testbed/vscode/workbench';
import { childrenOf, extensionHost } from './extensionHost';
import { median, table } from './figures';
import { activationRows, readReport, type ActivationRow } from './startupReport';

const windows = 5;
const ours = 'slipway.slipway';

interface Start {
  readonly row: ActivationRow;
  /** What loading the code of the editor's own extensions took in this window: how fast the machine was just then. */
  readonly others: readonly number[];
  /** Command lines of what the extension host had started, without the editor's own programs. */
  readonly children: readonly string[];
}

/** What a window loads and starts because Slipway is installed, from the package that users get. */
export async function extensionFigures(): Promise<string> {
  const sizes = await script<{ bundleSizes(): Promise<string> }>('bundleSizes.mjs').then((module) =>
    module.bundleSizes(),
  );
  const problem = editorProblem(repository);
  if (problem !== undefined) return `${sizes}\n\nactivation time and child processes not measured: ${problem}`;
  const vsix = await script<{ makePackage(): Promise<string> }>('package.mjs').then((module) => module.makePackage());
  const folder = await mkdtemp(path.join(tmpdir(), 'sw-bench-'));
  const server = await startServer({ vsix: [vsix], report: console.log });
  try {
    await cp(path.join(repository, 'examples/iris'), folder, { recursive: true });
    const starts: Start[] = [];
    for (let window = 0; window < windows; window++) starts.push(await openWindow(server, folder));
    return `${sizes}\n\n${report(starts)}`;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The scripts of this repository are plain JavaScript. */
async function script<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(repository, 'scripts', name)).href)) as T;
}

async function openWindow(server: EditorServer, folder: string): Promise<Start> {
  const workbench = await openWorkbench(server, { folder });
  const { page } = workbench;
  try {
    // Nothing activates the extension before its views are shown.
    await openContainer(page, /Slipway/);
    let rows: ReadonlyMap<string, ActivationRow> = new Map();
    // The report is a snapshot: until the extension is active it has no row for it.
    await eventually('the editor reports the activation', 90, async () => {
      rows = activationRows(await readReport(page));
      return rows.has(ours);
    });
    const row = rows.get(ours);
    if (row === undefined) throw new Error('The editor reported no activation.');
    const others = [...rows].filter(([name, { load }]) => name !== ours && load > 0).map(([, { load }]) => load);
    return { row, others, children: childrenOf(extensionHost(server.folder)).filter((command) => !isEditors(command)) };
  } finally {
    await workbench.close();
  }
}

/** Language servers of its own extensions, and the look at open sockets that finds ports to forward. */
function isEditors(command: string): boolean {
  return /\/lib\/vscode\/|\/proc\//.test(command);
}

function report(starts: readonly Start[]): string {
  const of = (key: 'load' | 'call' | 'finish'): number => median(starts.map(({ row }) => row[key]));
  const sums = starts.map(({ row }) => row.load + row.call + row.finish);
  const children = [...new Set(starts.flatMap((start) => start.children))];
  return [
    table([
      [`Activation, median of ${windows} windows`, 'load', 'call', 'finish', 'together', 'slowest', 'goal'],
      [
        starts[0]?.row.event ?? '',
        `${of('load')} ms`,
        `${of('call')} ms`,
        `${of('finish')} ms`,
        `${median(sums)} ms`,
        `${Math.max(...sums)} ms`,
        '<= 25 ms',
      ],
    ]),
    `loading one of the editor's own extensions took ${median(starts.flatMap((start) => start.others))} ms in the same windows (median)`,
    `child processes of the extension host beside the editor's own: ${children.length === 0 ? 'none' : children.join('; ')}`,
  ].join('\n\n');
}
