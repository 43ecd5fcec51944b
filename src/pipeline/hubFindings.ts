import type { HubUse } from '../build/hubFiles';
import type { DeployHost } from '../core/deploy';
import { formatBytes } from './formatPlan';

const titles: Readonly<Record<HubUse['hub'], string>> = {
  huggingface: 'Hugging Face',
  torch: 'torch.hub',
  nltk: 'NLTK data',
};

/** Names what a model brings along from hubs: it decides the predictions and the size, and no file of the project says so. */
export function tellHubs(host: DeployHost, hubs: readonly HubUse[] = []): void {
  for (const { hub, name, revision, bytes } of hubs) {
    const which = revision === null ? name : `${name} at revision ${revision.slice(0, 12)}`;
    host.report({
      event: 'finding',
      finding: {
        code: 'HubFilesIncluded',
        severity: 'info',
        message: `${which}, ${formatBytes(bytes)} of ${titles[hub]}, is part of the model, which loads it without a network.`,
      },
    });
  }
}
