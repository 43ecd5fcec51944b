import path from 'node:path';
import type { Finding, Fix } from '../../core/project';
import type { NotebookFacts, PathFact } from '../facts';
import { printable } from '../dependencies/requirement';
import { fromBytes, lineOf, quoted, replaceLine, type Sources } from './cellText';
import { locate } from './locate';

const codes: Readonly<Record<string, readonly [string, string]>> = {
  absolute: ['AbsolutePath', 'exists on one machine only'],
  windows: ['AbsolutePath', 'exists on one machine only'],
  home: ['HomePath', 'lies in a home folder'],
  colab: ['ColabPath', 'exists on Google Colab only'],
  kaggle: ['ColabPath', 'exists on Kaggle only'],
};

/** Paths that will not exist where the model is trained or served, with the relative path where the project has the file. */
export function pathFindings(root: string, facts: NotebookFacts, sources: Sources): readonly Finding[] {
  return facts.paths.flatMap((fact) => {
    if (fact.kind === 'relative') return fact.mode === 'read' && fact.outside ? [outside(root, facts, fact)] : [];
    return foreign(root, facts, fact, sources) ?? [];
  });
}

function foreign(root: string, facts: NotebookFacts, fact: PathFact, sources: Sources): Finding | undefined {
  const [code, why] = codes[fact.kind] ?? [];
  if (code === undefined || why === undefined) return undefined;
  const fix = relativeFix(root, facts, fact, sources);
  const next =
    fix === undefined
      ? 'Put the file into the project and use a path relative to the notebook'
      : `The project has it as ${printable(fact.suggestion ?? '')}`;
  return {
    code,
    severity: fact.mode === 'read' ? 'warning' : 'info',
    message: `The path ${printable(fact.path)} ${why}. ${next}.`,
    location: locate(root, facts.path, fact),
    ...(fix && { fix }),
  };
}

function outside(root: string, facts: NotebookFacts, fact: PathFact): Finding {
  return {
    code: 'FileOutsideProject',
    severity: 'warning',
    message: `The file ${printable(fact.path)} lies outside the project folder: it is read while training here and does not travel with the model.`,
    location: locate(root, facts.path, fact),
  };
}

function relativeFix(root: string, facts: NotebookFacts, fact: PathFact, sources: Sources): Fix | undefined {
  const line = lineOf(sources, fact.cell, fact.line);
  if (
    line === undefined ||
    fact.cell === null ||
    fact.suggestion === null ||
    fact.column === null ||
    fact.endColumn === null
  )
    return undefined;
  const text =
    line.slice(0, fromBytes(line, fact.column)) + quoted(fact.suggestion) + line.slice(fromBytes(line, fact.endColumn));
  return {
    title: `Use ${printable(fact.suggestion)}`,
    edits: [replaceLine(path.join(root, facts.path), fact.cell, fact.line, text)],
  };
}
