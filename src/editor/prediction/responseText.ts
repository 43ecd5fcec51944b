import { readableJson } from '../../core/readableJson';
import { inertText } from '../../core/inertText';
import { outputTable } from './outputTable';

/** What became of one test request. */
export type Outcome =
  | { readonly kind: 'answer'; readonly answer: { readonly predictions: unknown }; readonly ms: number }
  | { readonly kind: 'failure'; readonly message: string; readonly body: string | undefined };

export interface TestResponse {
  readonly model: string;
  readonly version: number | undefined;
  /** Name of the notebook that the release came from, for the place of an error. */
  readonly notebook: string | undefined;
  /** ISO 8601. */
  readonly at: string;
  readonly outcome: Outcome;
}

const mostBytes = 1_000_000;

/** The response document: JSON with comments, so that the answer stays valid and what we say of it stands above it. */
export function responseText({ model, version, notebook, at, outcome }: TestResponse): string {
  const who = version === undefined ? model : `${model} v${String(version)}`;
  if (outcome.kind === 'failure') {
    const body = outcome.body === undefined ? undefined : parse(outcome.body);
    const said = body === undefined ? [] : ['', bounded(JSON.stringify(body, null, 2))];
    return [
      `// ${who} gave no prediction (${at})`,
      '//',
      ...comment(outcome.message),
      ...placeOf(body, notebook),
      ...said,
      '',
    ].join('\n');
  }
  const { predictions } = outcome.answer;
  const table = outputTable(predictions);
  return [
    `// ${who} answered in ${String(outcome.ms)} ms (${at})`,
    ...(table === undefined ? [] : ['//', ...table.map((line) => `// ${line}`.trimEnd())]),
    '',
    bounded(readableJson(outcome.answer)),
    '',
  ].join('\n');
}

/** The server names the cell and the line where the model's code raised; written as Python writes a frame, it is a link. */
function placeOf(body: Readonly<Record<string, unknown>> | undefined, notebook: string | undefined): readonly string[] {
  const { cell, line } = body ?? {};
  if (typeof cell !== 'string' || typeof line !== 'number') return [];
  return notebook === undefined
    ? [`//   cell ${inertText(cell)}, line ${String(line)}`]
    : [`//   File "${notebook}#${inertText(cell)}", line ${String(line)}`];
}

function comment(text: string): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `// ${inertText(line)}`.trimEnd());
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function bounded(text: string): string {
  return text.length <= mostBytes
    ? text
    : `${text.slice(0, mostBytes)}\n// … ${String(text.length - mostBytes)} more characters`;
}
