import { writeBundle } from '../build/writeBundle';
import type { Bundle } from '../core/bundle';
import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import { slug } from '../core/home';
import { bundleContents, type Packaging } from './bundleContents';
import type { Services } from './services';
import { step } from './step';

/** Writes the bundle that a local target runs and an image holds. */
export function packageModel(
  services: Services,
  host: DeployHost,
  packaging: Packaging,
  signal: AbortSignal,
): Promise<Bundle> {
  return step(host, 'package', 'Writing the bundle', async () => {
    const bundle = await writeBundle(services.home, bundleContents(packaging), signal);
    return { result: bundle, message: bundle.digest };
  });
}

/** Names become folders, labels and addresses, so they are plain. @throws UserError NameInvalid */
export function checkedName(name: string): string {
  if (slug(name) === name) return name;
  throw new UserError('NameInvalid', `The name ${JSON.stringify(name)} cannot be used for a model.`, {
    remedy: { kind: 'hint', label: `Use lower-case letters, digits and hyphens, at most 40: ${slug(name)}.` },
  });
}
