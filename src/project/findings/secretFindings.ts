import path from 'node:path';
import type { Finding, Fix } from '../../core/project';
import type { NotebookFacts, SecretFact } from '../facts';
import { fromCharacters, lineOf, replaceLine, type Sources } from './cellText';
import { locate } from './locate';

/** Keys in cells and outputs. The message never holds the value; the fix reads it from the environment instead. */
export function secretFindings(root: string, facts: NotebookFacts, sources: Sources): readonly Finding[] {
  return facts.secrets.map((fact) => {
    const location = locate(root, facts.path, fact);
    if (fact.where === 'output') {
      return {
        code: 'SecretInOutput',
        severity: 'warning',
        message: `An output of this cell shows a secret (${fact.kind}). Clear the output before you share the notebook, and replace the key.`,
        location,
      };
    }
    const fix = secretFix(root, facts, fact, sources);
    return {
      code: 'SecretInCell',
      severity: 'warning',
      message: `This line holds a secret (${fact.kind}). It would travel with the model; keep it as the secret ${fact.name} instead.`,
      location,
      ...(fix && { fix }),
    };
  });
}

function secretFix(root: string, facts: NotebookFacts, fact: SecretFact, sources: Sources): Fix | undefined {
  const line = lineOf(sources, fact.cell, fact.line);
  if (
    line === undefined ||
    fact.cell === null ||
    fact.form === 'text' ||
    facts.secrets.some((other) => other !== fact && other.cell === fact.cell && other.line === fact.line)
  )
    return undefined;
  const file = path.join(root, facts.path);
  const span = { start: fromCharacters(line, fact.column), end: fromCharacters(line, fact.endColumn) };
  const text =
    fact.form === 'env' ? removed(line, fact) : fromEnvironment(line, span, importsOs(facts, fact), fact.name);
  return {
    title: `Keep it as the secret ${fact.name}`,
    edits: [replaceLine(file, fact.cell, fact.line, text)],
    secret: { name: fact.name, file, cell: fact.cell, line: fact.line, startColumn: span.start, endColumn: span.end },
  };
}

/** The line that set the variable becomes a note: the variable is there already. `pass` keeps a block whole. */
function removed(line: string, fact: SecretFact): string {
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  return `${indent}${indent === '' ? '' : 'pass  '}# ${fact.name} comes from the environment`;
}

function fromEnvironment(
  line: string,
  span: { readonly start: number; readonly end: number },
  hasOs: boolean,
  name: string,
): string {
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  const text = `${line.slice(0, span.start)}os.environ["${name}"]${line.slice(span.end)}`;
  return hasOs ? text : `${indent}import os\n${text}`;
}

/** Whether `os` is imported before the line. */
function importsOs(facts: NotebookFacts, fact: SecretFact): boolean {
  const order = new Map(facts.cells.map((cell) => [cell.id, cell.index]));
  const at = (cell: string | null): number => order.get(cell ?? '') ?? -1;
  return facts.definitions.some(
    (one) =>
      one.name === 'os' &&
      one.kind === 'import' &&
      (at(one.cell) < at(fact.cell) || (one.cell === fact.cell && one.line < fact.line)),
  );
}
