import type { Dependencies, Fix } from '../../core/project';

/**
 * A fix that writes a requirement down: in the file of requirements that the project has, or in a new one where it has no
 * dependency file. Undefined for files to which a line cannot simply be added, such as pyproject.toml.
 */
export function appendRequirement(source: Dependencies['source'], spec: string): Fix | undefined {
  if (source.kind !== 'inferred' && source.format !== 'requirements.txt') return undefined;
  const file = source.kind === 'inferred' ? 'requirements.txt' : source.file;
  return { title: `Add ${spec} to ${file}`, edits: [], append: { file, text: spec } };
}
