import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { missingPermissions, type Permission } from '../../../src/clients/kubernetes/access';
import { KubeClient } from '../../../src/clients/kubernetes/client';
import { fakeApiserver, sendJson, type FakeApiserver } from '../../support/fakeApiserver';

const { signal } = new AbortController();
const permission = (verb: string, resource: string, group = ''): Permission => ({ verb, resource, group });
const rule = (verbs: readonly string[], resources: readonly string[], rest: object = {}) => ({
  verbs,
  apiGroups: [''],
  resources,
  ...rest,
});

interface AccessReview {
  readonly spec: { readonly resourceAttributes?: { readonly verb: string; readonly resource: string } };
}

async function bodyOf(request: IncomingMessage): Promise<AccessReview> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as AccessReview;
}

describe('What a user may do', () => {
  let server: FakeApiserver | undefined;
  let client: KubeClient | undefined;

  afterEach(async () => {
    client?.dispose();
    await server?.stop();
  });

  /** Of single questions, `get` alone is allowed. @returns what was asked one by one */
  const ask = async (rules: object | number, namespace: string, wanted: readonly Permission[]) => {
    const singles: string[] = [];
    server = await fakeApiserver((url, response, request) => {
      if (url.pathname.endsWith('rulesreviews')) {
        if (typeof rules === 'number') sendJson(response, rules, { kind: 'Status', code: rules });
        else sendJson(response, 201, { status: rules });
        return;
      }
      void bodyOf(request).then(({ spec: { resourceAttributes } }) => {
        singles.push(`${resourceAttributes?.verb ?? ''} ${resourceAttributes?.resource ?? ''}`);
        sendJson(response, 201, { status: { allowed: resourceAttributes?.verb === 'get' } });
      });
    });
    client = new KubeClient(server.context);
    const missing = await missingPermissions(client, namespace, wanted, signal);
    return { missing: missing.map(({ verb, resource }) => `${verb} ${resource}`), singles };
  };

  it('is one question where the rules of the namespace tell it', async () => {
    const resourceRules = [rule(['list', 'get'], ['pods', 'pods/log']), rule(['*'], ['*'], { apiGroups: ['apps'] })];
    const wanted = [
      permission('list', 'pods'),
      permission('get', 'pods/log'),
      permission('patch', 'deployments', 'apps'),
    ];
    const { missing, singles } = await ask({ incomplete: false, resourceRules }, 'models', wanted);
    assert.deepEqual([missing, singles], [[], []]);
  });

  it('is asked for alone where they do not, or for single objects only', async () => {
    const resourceRules = [rule(['list'], ['pods']), rule(['delete'], ['pods'], { resourceNames: ['one'] })];
    const wanted = [permission('list', 'pods'), permission('delete', 'pods'), permission('get', 'secrets')];
    const { missing, singles } = await ask({ incomplete: false, resourceRules }, 'models', wanted);
    assert.deepEqual(missing, ['delete pods']);
    assert.deepEqual(singles.sort(), ['delete pods', 'get secrets']);
  });

  it('is asked for alone where somebody else may refuse what the rules grant', async () => {
    const resourceRules = [rule(['*'], ['*'])];
    const { missing } = await ask({ incomplete: true, resourceRules }, 'models', [permission('list', 'pods')]);
    assert.deepEqual(missing, ['list pods']);
  });

  it('is asked for alone where rules are not told, and for what is in no namespace', async () => {
    const wanted = [permission('list', 'nodes'), permission('get', 'nodes')];
    assert.deepEqual((await ask(403, 'models', wanted)).missing, ['list nodes']);
    client?.dispose();
    await server?.stop();
    const resourceRules = [rule(['*'], ['*'])];
    assert.deepEqual((await ask({ incomplete: false, resourceRules }, '', wanted)).missing, ['list nodes']);
  });
});
