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
import { activationRows, marksOf, readReport, type ActivationRow } from './startupReport';

const windows = 5;
const ours = 'slipway.slipway';

interface Start {
  /** Loading our code, and calling it, by the marks that the extension host sets right before and after. */
  readonly marks: { readonly load: number; readonly call: number };
  readonly row: ActivationRow;
  /** The same load of the editor's own extensions in this window: the host starts them all at once, so they wait for one another. */
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
    let text = '';
    // The report is a snapshot: until the extension is active it has no row for it.
    await eventually('the editor reports the activation', 90, async () => {
      text = await readReport(page);
      return marksOf(text, ours) !== undefined;
    });
    const rows = activationRows(text);
    const [row, marks] = [rows.get(ours), marksOf(text, ours)];
    if (row === undefined || marks === undefined) throw new Error('The editor reported no activation.');
    const others = [...rows].filter(([name]) => name.startsWith('vscode.')).map(([, { load }]) => load);
    return {
      marks,
      row,
      others,
      children: childrenOf(extensionHost(server.folder)).filter((command) => !isEditors(command)),
    };
  } finally {
    await workbench.close();
  }
}

/** Language servers of its own extensions, and the look at open sockets that finds ports to forward. */
function isEditors(command: string): boolean {
  return /\/lib\/vscode\/|\/proc\//.test(command);
}

function report(starts: readonly Start[]): string {
  const sums = starts.map(({ marks }) => marks.load + marks.call);
  const children = [...new Set(starts.flatMap((start) => start.children))];
  const milliseconds = (values: readonly number[]): string => `${median(values)} ms`;
  return [
    table([
      [`Activation, median of ${windows} windows`, 'load', 'call', 'together', 'slowest', 'goal'],
      [
        starts[0]?.row.event ?? '',
        milliseconds(starts.map(({ marks }) => marks.load)),
        milliseconds(starts.map(({ marks }) => marks.call)),
        milliseconds(sums),
        `${Math.max(...sums)} ms`,
        '<= 25 ms',
      ],
    ]),
    `with the wait for other extensions that start at the same time the editor tells ${milliseconds(starts.map(({ row }) => row.load))} to load, and ${milliseconds(starts.flatMap(({ others }) => others))} for one of its own (medians)`,
    `child processes of the extension host beside the editor's own: ${children.length === 0 ? 'none' : children.join('; ')}`,
  ].join('\n\n');
}
