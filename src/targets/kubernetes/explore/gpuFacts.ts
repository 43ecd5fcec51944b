import type { NodeRow } from '../../../core/cluster';
import { inertText } from '../../../core/inertText';

/** Labels that tell the model of a node's GPUs: those of NVIDIA's and AMD's labellers, and of GKE. */
const productLabels = ['nvidia.com/gpu.product', 'amd.com/gpu.product-name', 'cloud.google.com/gke-accelerator'];
/** Labels that tell how many pods share a GPU. */
const sharingLabels = ['nvidia.com/gpu.replicas', 'cloud.google.com/gke-max-shared-clients-per-gpu'];

/**
 * What labels tell of the GPUs of a node.
 * @see https://github.com/NVIDIA/k8s-device-plugin, "Shared Access to GPUs": a shared model ends in -SHARED
 */
export function gpuFacts(labels: Readonly<Record<string, string>> = {}): Pick<NodeRow, 'gpu'> {
  const product = valueOf(productLabels, labels);
  const sharedBy = Number(valueOf(sharingLabels, labels) ?? 1);
  const gpu = {
    ...(product === undefined ? {} : { product: inertText(product.replace(/-SHARED$/, '')) }),
    ...(sharedBy > 1 ? { sharedBy } : {}),
  };
  return Object.keys(gpu).length === 0 ? {} : { gpu };
}

function valueOf(names: readonly string[], labels: Readonly<Record<string, string>>): string | undefined {
  return names.map((name) => labels[name]).find((value) => value !== undefined);
}
