import type { DeployedModel } from '../../src/core/deployment';
import type { ImageContent, ImageTarget, RolloutStep, TargetContext } from '../../src/core/target';
import { makeServices, openTarget } from '../../src/pipeline/services';
import type { Workspace } from '../support/workspace';
import type { TestCluster } from '../testbed/kubernetes/cluster';

/** How an image that is in the registry already is deployed: in seconds, without a project. */
export interface QuickDeploy {
  readonly namespace: string;
  readonly content: ImageContent;
  readonly kubeconfig?: string;
  readonly name?: string;
  readonly readyTimeoutSeconds?: number;
  readonly afterPreflight?: () => Promise<unknown>;
  readonly onStep?: (step: RolloutStep) => void;
  readonly takeOver?: TargetContext['takeOver'];
}

export async function quickTarget(
  { services }: Workspace,
  cluster: TestCluster,
  { namespace, kubeconfig = cluster.kubeconfig, takeOver }: Pick<QuickDeploy, 'namespace' | 'kubeconfig' | 'takeOver'>,
): Promise<ImageTarget> {
  const context = { ...services.context, kubeconfig, ...(takeOver && { takeOver }) };
  const target = await openTarget(makeServices(context), `kubernetes:testbed/${namespace}`);
  if (target.accepts !== 'image') throw new Error('it takes bundles');
  return target;
}

/** Preflight, reservation and rollout, as the pipeline does them. */
export async function quickDeploy(
  workspace: Workspace,
  cluster: TestCluster,
  deploy: QuickDeploy,
  signal: AbortSignal = workspace.signal,
): Promise<DeployedModel> {
  const target = await quickTarget(workspace, cluster, deploy);
  const { name = 'plain', content } = deploy;
  const { exposure } = content;
  await target.preflight({ name, ...(exposure && { exposure }) }, signal);
  await deploy.afterPreflight?.();
  const reservation = await target.reserve(name, signal);
  try {
    const request = {
      content,
      provenance: {
        createdAt: new Date().toISOString(),
        createdBy: 'somebody@here',
        digest: content.image.split('@')[1] ?? '',
        lock: '',
        notebook: null,
        git: null,
        project: '/nowhere',
        python: '',
      },
      replicas: undefined,
      port: undefined,
      readyTimeoutSeconds: deploy.readyTimeoutSeconds ?? 120,
      secrets: {},
    };
    for await (const step of reservation.deploy(request, signal)) {
      deploy.onStep?.(step);
      if (step.kind === 'ready') return step.model;
    }
    throw new Error('it ended without a model');
  } finally {
    await reservation.release();
  }
}

/** The image of a release that was deployed the whole way. */
export async function contentOf(cluster: TestCluster, namespace: string, name: string): Promise<ImageContent> {
  const text = await cluster.kubectl(
    'get',
    'configmap',
    `${name}.v1`,
    '-n',
    namespace,
    '-o=jsonpath={.data.release\\.json}',
  );
  return (JSON.parse(text) as { readonly image: ImageContent }).image;
}
