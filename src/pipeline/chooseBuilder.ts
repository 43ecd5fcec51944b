import { UserError } from '../core/errors';
import type { Project } from '../core/project';
import { systemPackages } from '../project/systemPackages';
import type { ImageTarget } from './imageTarget';

/** What makes an image: Slipway itself, or a Docker engine. */
export type BuilderName = 'daemonless' | 'docker';

export type BuilderChoice =
  | { readonly kind: 'daemonless' }
  /** A Dockerfile that the user wrote, relative to the project. */
  | { readonly kind: 'dockerfile'; readonly dockerfile: string }
  /** A Dockerfile that is generated, for the engine or for a folder; with Debian packages. */
  | { readonly kind: 'generated'; readonly apt: readonly string[] };

/**
 * A Docker engine builds where the project has a Dockerfile or asks for system packages, or where the user wants it.
 * @throws UserError SystemPackagesNeedDocker, AptFileInvalid
 */
export async function chooseBuilder(
  project: Project,
  wanted: BuilderName | undefined,
  to: ImageTarget | undefined,
): Promise<BuilderChoice> {
  const { entry } = project;
  if (entry.kind === 'dockerfile') return { kind: 'dockerfile', dockerfile: entry.path };
  const apt = await systemPackages(project);
  if (to?.kind === 'dockerfile' || wanted === 'docker') return { kind: 'generated', apt };
  if (apt.length === 0) return { kind: 'daemonless' };
  if (wanted === undefined) return { kind: 'generated', apt };
  throw new UserError(
    'SystemPackagesNeedDocker',
    `The project asks for system packages (${apt.join(', ')}), which only a Docker engine can install.`,
    {
      remedy: {
        kind: 'hint',
        label: 'Leave out --builder daemonless, or take a base image that has them with --base.',
      },
    },
  );
}
