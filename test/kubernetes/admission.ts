import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { authority } from './certificates';
import type { HazardBench } from './hazardBench';

// eslint-disable-next-line no-control-regex -- what must not be shown
export const steering = /[\u001b\u0007\u202e]/;
const words = 'no \u001b]0;owned\u0007cost \u202ecentre\u001b[31m';

/** What a cluster asks before it takes an object. */
export function describeAdmission(bench: () => HazardBench): void {
  describe('A deploy that admission refuses', { timeout: 5 * 60_000 }, () => {
    let webhook: Webhook;
    before(async () => {
      webhook = await startWebhook(bench());
    });
    after(() => webhook.stop());

    it('shows the words of a webhook so that they can only be read, and leaves nothing', async () => {
      await bench().namespace('refusing');
      const afterPreflight = () => bench().apply(webhook.configuration('refusing', webhook.url));
      const deploy = bench().deploy({ namespace: 'refusing', afterPreflight });
      const error = await failure(deploy, 'PolicyRefused', /slipway\.test.*denied the request: no cost \\u202ecentre/);
      assert.doesNotMatch(error.message, steering);
      assert.deepEqual(await bench().ours('refusing'), []);
    });

    it('names a webhook that does not answer, and keeps the release that runs', async () => {
      await bench().namespace('unanswered');
      await bench().deploy({ namespace: 'unanswered' });
      await bench().apply(webhook.configuration('unanswered', webhook.deadUrl));
      const deploy = bench().deploy({ namespace: 'unanswered', readyTimeoutSeconds: 90 });
      await failure(
        deploy,
        'KubernetesWebhookFailed',
        /does not answer.*"unanswered\.slipway\.test": failed to call webhook/,
      );
      const [model] = await (await bench().target('unanswered')).models(bench().workspace.signal);
      assert.deepEqual([model?.phase, model?.version, model?.releases.length], ['Ready', 1, 1]);
    });

    it('shows the words of an admission policy, and leaves nothing', async () => {
      await bench().namespace('policy');
      await bench().apply(...admissionPolicy('policy', 'Models need a cost centre.'));
      const tried = ['create', 'deployment', 'tried', '--image=none', '-n', 'policy', '--dry-run=server'];
      await eventually('the policy counts', 30, () =>
        bench()
          .kubectl(...tried)
          .then(
            () => false,
            () => true,
          ),
      );
      const deploy = bench().deploy({ namespace: 'policy' });
      await failure(deploy, 'PolicyRefused', /cost-centre.*denied request: Models need a cost centre\./);
      assert.deepEqual(await bench().ours('policy'), []);
    });
  });
}

interface Webhook {
  readonly url: string;
  /** Where nobody listens. */
  readonly deadUrl: string;
  /** Has the webhook asked before Services of a namespace are written. */
  configuration(namespace: string, url: string): object;
  stop(): Promise<void>;
}

/** Refuses everything. */
async function startWebhook({ cluster }: HazardBench): Promise<Webhook> {
  const host = (await cluster.reach(1)).replace(/:1$/, '');
  const pair = await authority(cluster.folder, 'webhook', host);
  const caBundle = readFileSync(pair.certificate).toString('base64');
  const options = { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) };
  const server = createServer(options, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { readonly request: { readonly uid: string } };
      const answer = { uid: review.request.uid, allowed: false, status: { message: words } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = await cluster.reach((server.address() as AddressInfo).port);
  return {
    url: `https://${address}`,
    deadUrl: `https://${host}:1`,
    configuration: (namespace, url) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: namespace },
      webhooks: [
        {
          name: `${namespace}.slipway.test`,
          clientConfig: { url, caBundle },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['services'], operations: ['CREATE', 'UPDATE'] }],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
        },
      ],
    }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function admissionPolicy(namespace: string, message: string): readonly object[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const metadata = { name: 'cost-centre' };
  const rule = { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE'] };
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'false', message }] },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: {
        policyName: metadata.name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
      },
    },
  ];
}
