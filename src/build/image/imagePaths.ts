/** Where things stand in an image, without the leading slash that tar archives leave out. */
export const imagePaths = {
  venv: 'opt/slipway/venv',
  support: 'opt/slipway/support',
  runtime: 'opt/slipway/runtime',
  bundle: 'opt/slipway/bundle',
} as const;

/** Where the parts of a wheel go. @see https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-data-directory */
export interface InstallScheme {
  /** Pure and platform-specific modules: one folder, as in every virtual environment. */
  readonly packages: string;
  readonly scripts: string;
  readonly headers: string;
  readonly data: string;
  /** The interpreter that scripts start, absolute. */
  readonly python: string;
}

/** The virtual environment with the user's packages. `minor` is `3.11`. */
export function environmentScheme(minor: string): InstallScheme {
  const root = imagePaths.venv;
  return {
    packages: `${root}/lib/python${minor}/site-packages`,
    scripts: `${root}/bin`,
    headers: `${root}/include/site/python${minor}`,
    data: root,
    python: `/${root}/bin/python`,
  };
}

/** The folder behind the user's packages, which holds what the server needs. */
export function supportScheme(): InstallScheme {
  const root = imagePaths.support;
  return {
    packages: root,
    scripts: `${root}/bin`,
    headers: `${root}/include`,
    data: root,
    python: `/${imagePaths.venv}/bin/python`,
  };
}
