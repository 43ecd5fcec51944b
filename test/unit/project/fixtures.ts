import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspectorProgram, inspectTools, type InspectTools } from '../../../src/project/tools';

export const repository = path.resolve(import.meta.dirname, '..', '..', '..');
export const fixtures = path.join(repository, 'test/fixtures/inspect');
export const signal = new AbortController().signal;

/** A key in the form of its issuer, put together here so that no scanner finds one in the repository. */
export const plantedKey = ['sk', 'proj', 'Zx81kQ0aP77mnB3vT5yWc2Le'].join('-');

/** Packages that the pretended index has. */
const index: ReadonlySet<string> = new Set(['autotime']);

export const tools: InspectTools = {
  ...inspectTools(inspectorProgram(python(), path.join(repository, 'resources/runtime'))),
  // Commits and changes of the repository around the tests must not show in results.
  git: () => Promise.resolve(undefined),
  exists: (name) => Promise.resolve(index.has(name)),
};

function python(): string {
  const named = process.env['SLIPWAY_TEST_PYTHON'];
  if (named !== undefined) return named;
  return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
}

/** A temporary folder that is gone at the end of the process's tests. */
export function temporaryFolder(after: (fn: () => void) => void): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-inspect-'));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Copies all fixture projects, with the planted key in place. */
export function copyProjects(to: string): readonly string[] {
  cpSync(path.join(fixtures, 'projects'), to, { recursive: true });
  for (const file of ['messy/messy.ipynb', 'requirements-includes/requirements.txt']) {
    const full = path.join(to, file);
    writeFileSync(full, readFileSync(full, 'utf8').replaceAll('@KEY@', plantedKey));
  }
  writeFileSync(path.join(to, 'messy/.env'), 'KEY=1\n');
  return readdirSync(to).filter((name) => name !== 'outside-lib');
}

/** The text of a notebook with these code cells. */
export function notebook(...cells: readonly string[]): string {
  const code = cells.map((source, index) => ({
    cell_type: 'code',
    id: `c${index}`,
    metadata: {},
    outputs: [],
    execution_count: null,
    source,
  }));
  const metadata = { language_info: { name: 'python', version: '3.11.4' } };
  return JSON.stringify({ cells: code, metadata, nbformat: 4, nbformat_minor: 5 });
}
