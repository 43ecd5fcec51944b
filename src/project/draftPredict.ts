import type { Fix } from '../core/project';
import { draftBody, type Draft } from './draftBody';
import type { ModelFact, NotebookFacts } from './facts';

/**
 * A cell with `predict` (and `load` where the model comes from a file), drafted from what the notebook fits and calls, and
 * a cell with an example input where the data is still in a variable. Undefined when the notebook holds no model.
 * `file` is the notebook as the edits shall name it.
 */
export function draftPredict(facts: NotebookFacts, file: string): Fix | undefined {
  const model = servedModel(facts.models);
  if (model === undefined) return undefined;
  const draft = draftBody(facts, model);
  const last = facts.cells.at(-1)?.id;
  const example = exampleText(facts, draft);
  return {
    title: `Add a predict cell for ${model.name}`,
    edits: [
      { kind: 'insert', file, after: last, text: predictText(facts, model, draft), tags: ['predict'] },
      ...(example === undefined
        ? []
        : [{ kind: 'insert' as const, file, after: last, text: example, tags: ['example'] }]),
    ],
  };
}

const preferredNames =
  /^(best_?model|final_?model|model|clf|classifier|regressor|reg|pipe|pipeline|net|estimator)\d*$/i;

/** The model to serve: one under a usual name before others, a fitted one before a bare one, then the last used. */
function servedModel(models: readonly ModelFact[]): ModelFact | undefined {
  const score = (model: ModelFact): number =>
    Number(model.fitted) * 4 + Number(model.called !== null) * 2 + Number(preferredNames.test(model.name));
  return models.reduce<ModelFact | undefined>(
    (best, one) => (best === undefined || score(one) >= score(best) ? one : best),
    undefined,
  );
}

function predictText(facts: NotebookFacts, model: ModelFact, draft: Draft): string {
  const imports = draft.imports.filter((line) => !known(facts, line));
  const load =
    model.loadText === null || !/^[\w.]+\(/.test(model.loadText)
      ? []
      : ['def load():', `    global ${model.name}`, `    ${model.name} = ${model.loadText}`, '', ''];
  return [
    ...imports,
    ...(imports.length > 0 ? ['', ''] : []),
    ...load,
    `def predict(${draft.parameter}${draft.annotation === undefined ? '' : `: ${draft.annotation}`}):`,
    `    """${draft.summary}"""`,
    ...draft.lines.map((line) => `    ${line}`),
  ].join('\n');
}

/** Whether the notebook has imported what an `import x as y` line would bind. */
function known(facts: NotebookFacts, line: string): boolean {
  const [, module, alias] = /^import ([\w.]+)(?: as (\w+))?$/.exec(line) ?? [];
  return module !== undefined && facts.aliases[alias ?? module] === module;
}

/** A few rows of raw data that a variable still holds at the end of the notebook. */
function exampleText(facts: NotebookFacts, draft: Draft): string | undefined {
  const { raw } = draft;
  if (raw === undefined) return undefined;
  const kind = facts.live[raw];
  if (kind === undefined) return undefined;
  return `sample_input = ${draft.example(raw, kind)}`;
}
