import path from 'node:path';
import type { Finding, Fix } from '../../core/project';
import { printable } from '../dependencies/requirement';
import type { ModuleFacts, NotebookFacts, UndefinedFact } from '../facts';
import type { Sources } from './cellText';
import { locate } from './locate';
import { pathFindings } from './pathFindings';
import { secretFindings } from './secretFindings';

/** Everything in a notebook that will stop or surprise its user when it runs from top to bottom elsewhere. */
export function notebookFindings(root: string, facts: NotebookFacts, sources: Sources): readonly Finding[] {
  if (facts.language !== 'python') return [foreignLanguage(root, facts)];
  return [
    ...syntaxFindings(root, facts),
    ...facts.undefined.map((fact) => undefinedFinding(root, facts, fact)),
    ...pathFindings(root, facts, sources),
    ...secretFindings(root, facts, sources),
    ...inputFindings(root, facts),
    ...shellFindings(root, facts),
    ...parameterFindings(root, facts),
  ];
}

/** Findings of local modules: code outside the project, keys in code. */
export function moduleFindings(root: string, modules: readonly ModuleFacts[]): readonly Finding[] {
  return modules.flatMap((facts) => {
    const location = { file: path.resolve(root, facts.path), line: 1 };
    const name = printable(facts.path);
    const outside: Finding = {
      code: 'ModuleOutsideProject',
      severity: 'error',
      message: `The module ${name} lies outside the project folder and cannot travel with the model. Open the folder that holds both, or move the module into the project.`,
      location,
    };
    const secrets = facts.secrets.map((fact): Finding => ({
      code: 'SecretInModule',
      severity: 'warning',
      message: `${name} holds a secret (${fact.kind}) that would travel with the model. Read it from the environment as ${fact.name}.`,
      location: { ...location, line: fact.line },
    }));
    const syntax = facts.syntax.map((fact): Finding => ({
      code: 'ModuleSyntax',
      severity: 'warning',
      message: `${name} cannot be read as Python: ${printable(fact.message)}.`,
      location: { ...location, line: fact.line },
    }));
    return [...(facts.inside ? [] : [outside]), ...secrets, ...syntax];
  });
}

function foreignLanguage(root: string, facts: NotebookFacts): Finding {
  return {
    code: 'NotebookLanguage',
    severity: 'error',
    message: `The notebook is written in ${printable(facts.language)}. Slipway serves Python notebooks.`,
    location: { file: path.join(root, facts.path) },
  };
}

function syntaxFindings(root: string, facts: NotebookFacts): readonly Finding[] {
  const broken = facts.syntax.filter((fact) => !fact.python2);
  return [
    ...python2Findings(root, facts),
    ...broken.map((fact): Finding => ({
      code: 'CellSyntax',
      severity: 'warning',
      message: `This cell is not valid Python: ${printable(fact.message)}. It will fail when the notebook runs.`,
      location: locate(root, facts.path, fact),
    })),
  ];
}

/** Code that only Python 2 reads cannot run; a kernel of Python 2 alone tells little, since much code suits both. */
function python2Findings(root: string, facts: NotebookFacts): readonly Finding[] {
  const first = facts.syntax.find((fact) => fact.python2);
  if (first !== undefined) {
    return [
      {
        code: 'Python2Notebook',
        severity: 'error',
        message:
          'The notebook is written for Python 2, which is no longer supported. Convert it, for example with 2to3.',
        location: locate(root, facts.path, first),
      },
    ];
  }
  if (facts.pythonVersion?.startsWith('2') !== true) return [];
  return [
    {
      code: 'Python2Kernel',
      severity: 'warning',
      message:
        'The notebook was last run with Python 2. Its code is valid in Python 3 and is run with that, where division, text and the order of dictionaries differ. Check its results.',
      location: { file: path.join(root, facts.path) },
    },
  ];
}

function undefinedFinding(root: string, facts: NotebookFacts, fact: UndefinedFact): Finding {
  const location = locate(root, facts.path, fact);
  const name = printable(fact.name);
  if (fact.definedCell === null) {
    return {
      code: 'UndefinedName',
      severity: 'warning',
      message: `The name ${name} is used here and no cell defines it.`,
      location,
    };
  }
  const where = fact.definedCell === fact.cell ? `line ${fact.definedLine ?? ''} of this cell` : 'a later cell';
  const fix = moveFix(path.join(root, facts.path), fact);
  return {
    code: 'UsedBeforeDefinition',
    severity: 'warning',
    message: `The name ${name} is used here before ${where} defines it. The notebook fails when it runs from top to bottom.`,
    location,
    ...(fix && { fix }),
  };
}

function moveFix(file: string, fact: UndefinedFact): Fix | undefined {
  if (fact.move === null || fact.definedCell === null) return undefined;
  return {
    title: `Define ${fact.name} before it is used`,
    edits: [
      {
        kind: 'replace',
        file,
        cell: fact.definedCell,
        startLine: fact.move.line,
        endLine: fact.move.endLine,
        text: '',
      },
      { kind: 'insert', file, after: fact.before ?? undefined, text: fact.move.text },
    ],
  };
}

function inputFindings(root: string, facts: NotebookFacts): readonly Finding[] {
  return facts.inputs.map((fact) => ({
    code: 'InputCall',
    severity: 'warning',
    message: `${fact.function} waits for a person, and nobody is there when the notebook runs. Use a variable, or an environment variable for a password.`,
    location: locate(root, facts.path, fact),
  }));
}

function shellFindings(root: string, facts: NotebookFacts): readonly Finding[] {
  const installs = new Set(facts.installs.map((fact) => `${fact.cell ?? ''}:${fact.line}`));
  return facts.magics
    .filter((fact) => fact.kind === 'shell' && !installs.has(`${fact.cell ?? ''}:${fact.line}`))
    .map((fact) => ({
      code: 'ShellMagic',
      severity: 'info',
      message: `The cell runs a shell command while training: ${printable(fact.text).slice(0, 200)}`,
      location: locate(root, facts.path, fact),
    }));
}

/** A cell tagged `parameters` that sets nothing: parameters given to a run would have no default to replace. */
function parameterFindings(root: string, facts: NotebookFacts): readonly Finding[] {
  return facts.cells
    .filter(
      (cell) =>
        cell.tags.includes('parameters') &&
        !facts.definitions.some((one) => one.cell === cell.id && one.kind === 'variable'),
    )
    .map((cell) => ({
      code: 'ParametersUnused',
      severity: 'info',
      message: 'The cell is tagged parameters and sets no variable.',
      location: { file: path.join(root, facts.path), cell: cell.id, line: 1 },
    }));
}
