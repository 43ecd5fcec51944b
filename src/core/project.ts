import type { Autoscale } from './autoscale';
import type { Location } from './errors';
import type { Exposure } from './exposure';
import type { NetworkRules } from './network';
import type { Placement } from './placement';
import type { ResourceNeed } from './resources';

/** A folder with at least one notebook or model: what inspection learned of it. Plain data; nothing was executed. */
export interface Project {
  /** Default model name: lower-case letters, digits and `-`, from the folder's name or `slipway.yaml`. */
  readonly name: string;
  /** Absolute path of the project's folder. */
  readonly root: string;
  readonly entry: EntryPoint;
  /** Every notebook of the project, relative to `root`, POSIX separators. */
  readonly notebooks: readonly string[];
  readonly python: PythonRequirement;
  readonly dependencies: Dependencies;
  /** Files that the code reads by a literal path inside the project, relative to `root`. */
  readonly dataFiles: readonly string[];
  /** Local modules and packages that the entry imports, files relative to `root`. */
  readonly localModules: readonly string[];
  /** Folders to put on `sys.path`, absolute, first the entry's own folder. */
  readonly sysPath: readonly string[];
  readonly config: ProjectConfig;
  /** Facts for the consent question before a notebook is executed; undefined where the entry is no notebook. */
  readonly execution?: ExecutionFacts;
}

/** What will be served, or run. Paths are relative to the project's root with POSIX separators. */
export type EntryPoint =
  | { readonly kind: 'notebook'; readonly notebook: string; readonly predict: string; readonly load?: string }
  | { readonly kind: 'modelFile'; readonly path: string; readonly format: ModelFormat }
  | FolderEntry
  | {
      readonly kind: 'app';
      readonly module: string;
      readonly attribute: string;
      readonly protocol: 'asgi' | 'wsgi';
      readonly file: string;
    }
  | { readonly kind: 'dockerfile'; readonly path: string }
  /** It can be run, not served: no `predict` was found. */
  | { readonly kind: 'none'; readonly notebook?: string };

/**
 * A folder that a library saved a model into: MLflow, spaCy's `nlp.to_disk`, `save_pretrained` of transformers, or `save`
 * of sentence-transformers.
 */
export type FolderEntry =
  | { readonly kind: 'mlmodel' | 'spacy'; readonly path: string }
  | { readonly kind: 'transformers'; readonly path: string; readonly task: TextTask };

/** What a model does with texts: the names of transformers' pipelines, and the embeddings of sentence-transformers. */
export type TextTask =
  | 'text-classification'
  | 'token-classification'
  | 'question-answering'
  | 'fill-mask'
  | 'text-generation'
  | 'text2text-generation'
  | 'feature-extraction'
  | 'sentence-embedding';

export type ModelFormat = 'joblib' | 'pickle' | 'onnx' | 'xgboost' | 'lightgbm' | 'safetensors';

export interface PythonRequirement {
  /** Minor version such as `3.11`; undefined when nothing in the project names one. */
  readonly version?: string;
  /** A PEP 440 specifier such as `>=3.10,<3.13`, when the project states a range. */
  readonly specifier?: string;
  /** Where it was read, for the plan: `.python-version`, `pyproject.toml`, `notebook metadata`, `slipway.yaml`. */
  readonly source: string;
  /** It tells where the code ran or runs, and binds nobody: another Python may take its place. */
  readonly isTrace?: true;
}

/** Where the packages come from, the first that exists wins; the others are listed as ignored. */
export interface Dependencies {
  readonly source:
    | { readonly kind: 'lock'; readonly file: string; readonly format: 'uv.lock' | 'pylock.toml' }
    | {
        readonly kind: 'declared';
        readonly file: string;
        readonly format: 'pyproject.toml' | 'requirements.txt' | 'Pipfile' | 'Pipfile.lock' | 'environment.yml';
      }
    | { readonly kind: 'inferred' };
  /** PEP 508 requirements with the place each came from; empty for a lock, which is used as it is. */
  readonly requirements: readonly Requirement[];
  /** Dependency files that lost to a better one, with the reason. */
  readonly ignored: readonly { readonly file: string; readonly reason: string }[];
  /** The environment that the code runs in on this machine, and what it pins all packages to; none for a lock. */
  readonly environment?: {
    /** Its folder, relative to the root where it is inside. */
    readonly name: string;
    /** `3.11` */
    readonly python: string;
    /** `numpy==2.1.3` */
    readonly pins: readonly string[];
  };
  /** The date for `uv --exclude-newer` when something is not pinned: the notebook's last code change. */
  readonly asOf?: { readonly date: string; readonly source: 'slipway.yaml' | 'git' | 'execution' | 'file' | 'python' };
}

export interface Requirement {
  readonly spec: string;
  /** `requirements.txt:3`, `import yaml in iris.ipynb`, `%pip in cell 2`. */
  readonly origin: string;
}

/** The optional `slipway.yaml`, checked against `resources/schemas/slipway.schema.json`. */
export interface ProjectConfig {
  readonly name?: string;
  /**
   * `notebook.ipynb`, `notebook.ipynb:function`, `model.joblib`, `app.py:app` or a folder with a model of MLflow, spaCy
   * or transformers.
   */
  readonly entry?: string;
  readonly python?: string;
  readonly train?: 'always' | 'auto' | 'never';
  readonly asOf?: string;
  readonly requirements?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Names only. Values come from SecretStorage, the environment or `--env-file`. */
  readonly secrets?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly volumes?: readonly { readonly path: string; readonly source?: string }[];
  /** Default: the memory that was seen when the snapshot was verified, with a reserve. */
  readonly resources?: ResourceNeed;
  readonly placement?: Placement;
  readonly network?: NetworkRules;
  readonly expose?: Exposure;
  readonly apt?: readonly string[];
  /** What PyTorch in an image computes on: `cpu`, or a version of CUDA such as `cu126`. */
  readonly accelerator?: string;
  readonly port?: number;
  readonly health?: string;
  readonly replicas?: number;
  readonly autoscale?: Autoscale;
  readonly limits?: { readonly requestBytes?: number; readonly timeoutSeconds?: number; readonly concurrency?: number };
}

export interface ExecutionFacts {
  readonly cells: number;
  /** Sum of the durations that the notebook recorded when it was last executed; undefined when it has none. */
  readonly recordedSeconds?: number;
  readonly shellMagics: readonly { readonly text: string; readonly location: Location }[];
  readonly outsidePaths: readonly { readonly path: string; readonly location: Location }[];
}

/** Something that the user should know before anything runs. */
export interface Finding {
  /** Stable, PascalCase; see docs/errors.md. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly location?: Location;
  readonly fix?: Fix;
}

/** A change that resolves a finding, offered in the editor and never applied unasked. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly CellEdit[];
  /** A secret to store at the same time: the value stays where it is until the fix is accepted and is never logged. */
  readonly secret?: SecretPlace;
  /** A line to append to a file, such as a requirement. */
  readonly append?: { readonly file: string; readonly text: string };
}

/** Where a secret's value stands: UTF-16 columns from 0 of one line of a cell, quotes included. */
export interface SecretPlace {
  readonly name: string;
  readonly file: string;
  readonly cell: string;
  readonly line: number;
  readonly startColumn: number;
  readonly endColumn: number;
}

/** Replace lines `startLine`..`endLine` (from 1, inclusive) of a cell's source, or insert a new cell after `cell`. */
export type CellEdit =
  | {
      readonly kind: 'replace';
      readonly file: string;
      readonly cell: string;
      readonly startLine: number;
      readonly endLine: number;
      readonly text: string;
    }
  | {
      readonly kind: 'insert';
      readonly file: string;
      readonly after: string | undefined;
      readonly text: string;
      readonly tags?: readonly string[];
    };

export interface Inspection {
  readonly project: Project;
  readonly findings: readonly Finding[];
}
