import { mayFit } from '../../clients/python/pythonRange';
import { UserError } from '../../core/errors';
import type { PythonRequirement } from '../../core/project';

/**
 * The Python that a project is solved and trained with when it goes onto a base image: that of the base, since a snapshot
 * belongs to its minor version. A trace of where the code ran does not count.
 * @throws UserError BasePythonMismatch
 */
export function pythonForBase(required: PythonRequirement, base: string, minor: string): PythonRequirement {
  const isExcluded =
    (required.version !== undefined && required.isTrace !== true && required.version !== minor) ||
    (required.specifier !== undefined && !mayFit(minor, required.specifier));
  if (!isExcluded) return { version: minor, source: `base image ${base}` };
  throw new UserError(
    'BasePythonMismatch',
    `The base image ${base} has Python ${minor}, and the project needs ${required.version ?? required.specifier ?? ''} (${required.source}).`,
    { remedy: { kind: 'hint', label: 'Choose another base image with --base, or another Python in slipway.yaml.' } },
  );
}
