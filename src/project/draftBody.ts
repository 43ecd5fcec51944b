import type { ModelFact, NotebookFacts } from './facts';

export interface Draft {
  readonly parameter: string;
  readonly annotation: string | undefined;
  readonly summary: string;
  /** Statements of the body, without indentation. */
  readonly lines: readonly string[];
  /** Import statements that the cell needs. */
  readonly imports: readonly string[];
  /** Variable with raw data, for the example. */
  readonly raw: string | undefined;
  readonly example: (variable: string, kind: string) => string;
}

interface Input {
  readonly parameter: string;
  readonly annotation: string | undefined;
  readonly noun: string;
  readonly imports: readonly string[];
  readonly example: (variable: string, kind: string) => string;
}

/** Parameter, annotation and body of `predict` for one model of the notebook. */
export function draftBody(facts: NotebookFacts, model: ModelFact): Draft {
  const input = inputOf(facts, model);
  const columns = columnsOf(model, input);
  const prepared = prepare(model, `${input.parameter}${columns.select}`);
  const lines = bodies[model.library]?.(facts, model, prepared, input.parameter) ?? sklearnBody(model, prepared);
  const order = columns.names === '' ? '' : ` Columns: ${columns.names}.`;
  return {
    parameter: input.parameter,
    annotation: input.annotation,
    summary: `One result for each ${input.noun}.${order}`,
    lines,
    imports: [...input.imports, ...(libraryImports[model.library] ?? [])],
    raw: model.input.raw ?? undefined,
    example: input.example,
  };
}

const libraryImports: Readonly<Record<string, readonly string[]>> = {
  torch: ['import torch'],
  transformers: ['import torch'],
  keras: [],
};

const rows = (variable: string, kind: string): string =>
  kind === 'frame' || kind === 'series' ? `${variable}.head(3)` : `${variable}[:3]`;
const texts = (variable: string): string => `list(${variable}[:3])`;

function inputOf(facts: NotebookFacts, model: ModelFact): Input {
  if (isText(model))
    return { parameter: 'texts', annotation: listOfText(facts), noun: 'text', imports: [], example: texts };
  const { kind } = model.input;
  const tensors = ['torch', 'keras', 'onnxruntime', 'transformers'].includes(model.library);
  if (!tensors && (kind === 'frame' || model.library === 'prophet')) {
    const alias = aliasOf(facts, 'pandas', 'pd');
    return {
      parameter: 'X',
      annotation: `${alias}.DataFrame`,
      noun: 'row',
      imports: [importOf('pandas', alias)],
      example: rows,
    };
  }
  if (kind === 'array' || kind === 'tensor' || tensors) {
    const alias = aliasOf(facts, 'numpy', 'np');
    return {
      parameter: 'X',
      annotation: `${alias}.ndarray`,
      noun: 'row',
      imports: [importOf('numpy', alias)],
      example: kind === 'tensor' ? (variable) => `${variable}[:3].numpy()` : rows,
    };
  }
  return { parameter: 'X', annotation: undefined, noun: 'row', imports: [], example: rows };
}

function isText(model: ModelFact): boolean {
  return (
    model.textInput ||
    ['sentence_transformers', 'spacy', 'fasttext'].includes(model.library) ||
    (model.library === 'transformers.pipeline' && !/image|audio|vision|object|speech/.test(model.loadText ?? ''))
  );
}

/** `list[str]` fails on Python 3.8 unless quoted. */
function listOfText(facts: NotebookFacts): string {
  return /^3\.[0-8](\.|$)/.test(facts.pythonVersion ?? '') ? '"list[str]"' : 'list[str]';
}

function aliasOf(facts: NotebookFacts, module: string, usual: string): string {
  return Object.entries(facts.aliases).find(([, origin]) => origin === module)?.[0] ?? usual;
}

function importOf(module: string, alias: string): string {
  return alias === module ? `import ${module}` : `import ${module} as ${alias}`;
}

/** `X[["a", "b"]]` gives the columns the order that the model was fitted with, whatever order a client sends. */
function columnsOf(model: ModelFact, input: Input): { readonly select: string; readonly names: string } {
  const { columns, columnsName, kind } = model.input;
  if (kind !== 'frame' || columns === null || columns.length === 0 || input.parameter !== 'X')
    return { select: '', names: '' };
  const list = columns.map((name) => JSON.stringify(name)).join(', ');
  const names = columns.join(', ');
  const shown = /["\\\n]/.test(names)
    ? ''
    : names.length > 120
      ? `${columns.length}, as in ${columnsName ?? 'the training data'}`
      : names;
  return { select: columnsName === null ? `[[${list}]]` : `[${columnsName}]`, names: shown };
}

/** The fitted transformers between raw data and the model, applied in order. */
function prepare(model: ModelFact, start: string): string {
  return model.input.transforms.reduce((inner, transformer) => `${transformer}.transform(${inner})`, start);
}

type Body = (facts: NotebookFacts, model: ModelFact, input: string, parameter: string) => readonly string[];

const bodies: Readonly<Record<string, Body>> = {
  'xgboost.Booster': (facts, model, input) => [
    `return ${model.name}.predict(${aliasOf(facts, 'xgboost', 'xgboost')}.DMatrix(${input}))`,
  ],
  torch: (_facts, model, input) => torchBody(model, input),
  transformers: (_facts, model, input) => torchBody(model, input),
  keras: (_facts, model, input) => [`return ${model.name}.predict(${input}, verbose=0)`],
  'transformers.pipeline': (_facts, model, _input, parameter) => [`return ${model.name}(${parameter})`],
  sentence_transformers: (_facts, model, _input, parameter) => [`return ${model.name}.encode(${parameter})`],
  spacy: (_facts, model, _input, parameter) => [
    `return [{"entities": [{"text": entity.text, "label": entity.label_} for entity in document.ents]} for document in ${model.name}.pipe(${parameter})]`,
  ],
  fasttext: (_facts, model, _input, parameter) => [
    `labels, _ = ${model.name}.predict(${parameter})`,
    'return [found[0] for found in labels]',
  ],
  onnxruntime: (_facts, model, input) => [
    `name = ${model.name}.get_inputs()[0].name`,
    `return ${model.name}.run(None, {name: ${input}})[0]`,
  ],
  prophet: (_facts, model, input) => [
    `return ${model.name}.predict(${input})[["ds", "yhat", "yhat_lower", "yhat_upper"]]`,
  ],
};

function torchBody(model: ModelFact, input: string): readonly string[] {
  const type = model.embeds ? 'torch.long' : 'torch.float32';
  const device = model.device === null ? '' : `, device=${model.device}`;
  const back = model.device === null ? '.numpy()' : '.cpu().numpy()';
  return [
    `${model.name}.eval()`,
    'with torch.no_grad():',
    `    return ${model.name}(torch.as_tensor(${input}, dtype=${type}${device}))${back}`,
  ];
}

function sklearnBody(model: ModelFact, input: string): readonly string[] {
  const method =
    model.called !== null &&
    ['predict_proba', 'decision_function', 'transform', 'kneighbors', 'score_samples'].includes(model.called)
      ? model.called
      : 'predict';
  const call = `${model.name}.${method}(${input})`;
  // Labels that were encoded for training are given back as the words that they stand for.
  const decoded =
    method === 'predict'
      ? model.targetTransforms.reduceRight((inner, encoder) => `${encoder}.inverse_transform(${inner})`, call)
      : call;
  return [`return ${decoded}`];
}
