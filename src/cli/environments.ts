/** The environment that is activated in the terminal. @see https://docs.python.org/3/library/venv.html#how-venvs-work */
export function activatedEnvironments(): Promise<readonly string[]> {
  const { VIRTUAL_ENV: virtual, CONDA_PREFIX: conda } = process.env;
  return Promise.resolve([virtual, conda].flatMap((folder) => (folder === undefined || folder === '' ? [] : [folder])));
}
