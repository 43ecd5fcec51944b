/** Facts that resources/runtime/inspect_project.py answers with; slipway_inspect/facts.py is the other end. Lines count from 1. */
export interface FactsRequest {
  readonly root: string;
  /** Relative to `root`, POSIX separators. */
  readonly notebooks: readonly string[];
  readonly modules: readonly string[];
}

export interface Facts {
  readonly version: 2;
  readonly notebooks: readonly (NotebookFacts | UnreadableFacts)[];
  readonly modules: readonly (ModuleFacts | UnreadableFacts)[];
}

/** Which packages of an environment the imports are of. */
export interface InstalledRequest {
  readonly imports: readonly string[];
  /** Folders with packages, in the order of the environment's `sys.path`. Absolute. */
  readonly folders: readonly string[];
}

export interface UnreadableFacts {
  readonly path: string;
  readonly error: { readonly code: string; readonly message: string; readonly line: number | null };
}

export interface InstalledPackages {
  readonly imports: Readonly<Record<string, readonly { readonly name: string; readonly version: string }[]>>;
  /** By normalized distribution name; without those of `urls`. */
  readonly versions: Readonly<Record<string, string>>;
  /** Where distributions came from that no index gave: `git+https://…@COMMIT`, the address of an archive, `file:` of a folder. */
  readonly urls: Readonly<Record<string, string>>;
}

/** `cell` is null in modules. */
export interface Place {
  readonly cell: string | null;
  readonly line: number;
}

export interface CodeFacts {
  readonly path: string;
  readonly error: null;
  readonly imports: readonly ImportFact[];
  readonly installs: readonly InstallFact[];
  readonly inputs: readonly (Place & { readonly function: string })[];
  readonly paths: readonly PathFact[];
  readonly sysPath: readonly (Place & { readonly path: string; readonly resolved: string | null })[];
  readonly syntax: readonly (Place & { readonly message: string; readonly python2: boolean })[];
  readonly functions: Readonly<Record<string, FunctionFact>>;
  readonly secrets: readonly SecretFact[];
}

export interface ModuleFacts extends CodeFacts {
  /** Whether the file lies in the project. */
  readonly inside: boolean;
  readonly apps: readonly { readonly attribute: string; readonly protocol: 'asgi' | 'wsgi'; readonly line: number }[];
}

export interface NotebookFacts extends CodeFacts {
  readonly nbformat: number;
  readonly language: string;
  readonly kernel: string | null;
  readonly pythonVersion: string | null;
  readonly cells: readonly CellFact[];
  readonly magics: readonly (Place & { readonly kind: string; readonly name: string; readonly text: string })[];
  readonly definitions: readonly (Place & { readonly name: string; readonly kind: string; readonly endLine: number })[];
  readonly undefined: readonly UndefinedFact[];
  /** Local name to dotted origin, such as `pd` to `pandas`. */
  readonly aliases: Readonly<Record<string, string>>;
  /** In the order of last use: the likeliest to serve is the last. */
  readonly models: readonly ModelFact[];
  /** Variables that hold untransformed data at the end, with their kind. */
  readonly live: Readonly<Record<string, string>>;
}

export interface CellFact {
  readonly id: string;
  readonly index: number;
  readonly lines: number;
  readonly empty: boolean;
  readonly tags: readonly string[];
  readonly recorded: { readonly seconds: number; readonly at: string } | null;
}

export interface ImportFact extends Place {
  readonly module: string;
  readonly names: readonly string[];
  readonly level: number;
  /** Inside try/except ImportError, TYPE_CHECKING and the like. */
  readonly optional: boolean;
  readonly via: 'import' | 'load_ext' | 'magic' | 'implied';
  /** Files of the project that it loads; empty when it is no local module. */
  readonly files: readonly string[];
}

export interface InstallFact extends Place {
  readonly tool: 'pip' | 'conda';
  readonly requirements: readonly string[];
  readonly files: readonly string[];
  readonly editable: readonly string[];
  readonly other: readonly string[];
}

/** Columns are byte offsets (UTF-8) of a plain literal with its quotes, null where the text is computed. */
export interface PathFact extends Place {
  readonly path: string;
  readonly kind: 'relative' | 'absolute' | 'home' | 'windows' | 'colab' | 'kaggle' | 'url';
  readonly mode: 'read' | 'write' | 'mention';
  readonly column: number | null;
  readonly endColumn: number | null;
  /** Relative to the project's root, when it exists in the project. */
  readonly file: string | null;
  readonly outside: boolean;
  /** Path relative to the code's folder of a project file with the same end. */
  readonly suggestion: string | null;
}

/** Columns count characters (code points). The value itself never leaves the file. */
export interface SecretFact extends Place {
  readonly kind: string;
  /** Name for the environment variable. */
  readonly name: string;
  readonly column: number;
  readonly endColumn: number;
  readonly form: 'literal' | 'env' | 'text';
  readonly where: 'source' | 'output';
}

export interface UndefinedFact extends Place {
  readonly name: string;
  readonly cell: string;
  readonly definedCell: string | null;
  readonly definedLine: number | null;
  /** The cell before the one that uses the name. */
  readonly before: string | null;
  readonly move: { readonly line: number; readonly endLine: number; readonly text: string } | null;
}

export interface FunctionFact extends Place {
  readonly parameters: readonly {
    readonly name: string;
    readonly annotation: string | null;
    readonly required: boolean;
    readonly kind: 'positional' | 'keyword' | 'star' | 'starstar';
  }[];
  readonly returns: string | null;
  readonly async: boolean;
  readonly doc: string | null;
}

export interface ValueFact {
  readonly kind: 'frame' | 'series' | 'texts' | 'array' | 'tensor' | 'dmatrix' | 'unknown';
  readonly columns: readonly string[] | null;
  readonly columnsName: string | null;
  /** Names of the fitted transformers between raw data and the model. */
  readonly transforms: readonly string[];
  readonly raw: string | null;
}

export interface ModelFact {
  readonly name: string;
  readonly class: string;
  readonly origin: string;
  readonly library: string;
  readonly cell: string;
  readonly line: number;
  /** Classes inside a pipeline or search, in order. */
  readonly parts: readonly string[];
  readonly fitted: boolean;
  readonly called: string | null;
  readonly argument: string | null;
  readonly input: ValueFact;
  readonly textInput: boolean;
  readonly targetTransforms: readonly string[];
  /** Source of the call that loads it from a file. */
  readonly loadText: string | null;
  readonly embeds: boolean;
  readonly device: string | null;
}

export function isReadable<T extends CodeFacts>(facts: T | UnreadableFacts): facts is T {
  return facts.error === null;
}
