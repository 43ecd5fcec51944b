import path from 'node:path';
import { exists, writeAtomic } from '../files/contentStore';
import { monthsAfter, releasedOn } from './pythonReleases';

/**
 * Packages with compiled parts, of which no one wants to build an old version: that needs compilers and build tools of
 * its time. They are taken as wheels only, so that the solver finds the versions that have one for the Python.
 */
const compiled = [
  'catboost',
  'cryptography',
  'cvxpy',
  'ecos',
  'fastparquet',
  'gensim',
  'grpcio',
  'h5py',
  'hdbscan',
  'kiwisolver',
  'lightgbm',
  'llvmlite',
  'lxml',
  'markupsafe',
  'matplotlib',
  'numba',
  'numexpr',
  'numpy',
  'opencv-python',
  'osqp',
  'pandas',
  'pillow',
  'polars',
  'psutil',
  'pyarrow',
  'pywavelets',
  'pyzmq',
  'scikit-image',
  'scikit-learn',
  'scipy',
  'scs',
  'spacy',
  'statsmodels',
  'tables',
  'tensorflow',
  'tokenizers',
  'torch',
  'xgboost',
] as const;

/** setuptools 58 ended `use_2to3`, which packages of the years before ask for. */
const lastForgivingBuild = '2021-09-01';

/** Builds source distributions. */
const buildTools = ['setuptools', 'wheel'] as const;

/** The kernel, what it needs and what talks to it. Slipway starts a kernel of this day or later, whatever the notebook's. */
const kernelPackages = [
  'asttokens',
  'backcall',
  'comm',
  'debugpy',
  'entrypoints',
  'executing',
  'importlib-metadata',
  'ipykernel',
  'ipython',
  'ipywidgets',
  'jedi',
  'jupyter-client',
  'jupyter-core',
  'jupyterlab-widgets',
  'matplotlib-inline',
  'nest-asyncio',
  'packaging',
  'parso',
  'pexpect',
  'pickleshare',
  'platformdirs',
  'prompt-toolkit',
  'psutil',
  'ptyprocess',
  'pure-eval',
  'pygments',
  'python-dateutil',
  'pyzmq',
  'stack-data',
  'tornado',
  'traitlets',
  'typing-extensions',
  'wcwidth',
  'widgetsnbextension',
  'zipp',
] as const;
const kernelDay = '2023-06-30';

/** From this day on the kernels of the day are new enough. */
const kernelsSuffice = '2022-07-01';

/** Versions of pandas before this day say what they need in words that are no version today (PEP 440). */
const readableMetadata = '2019-07-18';

/**
 * Options of uv for a resolution as of a day. Build tools and the kernel are newer than that where they must be.
 * @param folder where settings of uv may be written
 */
export async function datedOptions(asOf: string, python: string, folder: string): Promise<readonly string[]> {
  return [
    ...dayOptions(asOf, python),
    ...(asOf < readableMetadata ? ['--project', await metadataProject(folder)] : []),
  ];
}

/** The days up to which uv takes packages. Where it builds one, it does so against the numpy that the package will find. */
export function dayOptions(asOf: string, python: string): readonly string[] {
  return [
    '--exclude-newer',
    asOf,
    ...later(buildTools, asOf, lastForgivingBuild, python),
    ...(asOf < kernelsSuffice ? later(kernelPackages, asOf, kernelDay, python) : []),
  ];
}

function later(names: readonly string[], asOf: string, day: string, python: string): readonly string[] {
  return names.flatMap((name) => ['--exclude-newer-package', `${name}=${latest(asOf, day, python)}`]);
}

/** The latest of the days, and half a year after the release of the Python: nothing older is made for it. */
function latest(asOf: string, day: string, python: string): string {
  const release = releasedOn(python);
  const settled = release === undefined ? day : monthsAfter(release, 6);
  return [asOf, day, settled].sort().at(-1) ?? asOf;
}

/** Options of uv that keep it from building the packages that are not built by hand. */
export function wheelOptions(): readonly string[] {
  return compiled.flatMap((name) => ['--only-binary', name]);
}

/** The versions of pandas that have wheels for a Python of today and a requirement `pytz (>=2011k)`, with what they need. */
const replacedMetadata = ['0.23.2', '0.23.3', '0.23.4', '0.24.0', '0.24.1', '0.24.2']
  .map(
    (version) =>
      `[[dependency-metadata]]\nname = "pandas"\nversion = "${version}"\nrequires-dist = ["numpy>=1.12.0", "python-dateutil>=2.5.0", "pytz>=2011"]\n`,
  )
  .join('\n');

/** A folder with settings of uv that replace metadata which it cannot read. */
async function metadataProject(folder: string): Promise<string> {
  const file = path.join(folder, 'metadata', 'uv.toml');
  if (!(await exists(file))) await writeAtomic(file, replacedMetadata);
  return path.dirname(file);
}
