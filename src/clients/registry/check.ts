import { pushScopes } from './blob';
import type { Registry } from './connection';
import { unreachable } from './failures';

const usualPatienceMs = 20_000;

/**
 * Whether the registry would take a push now: a token is fetched, an upload is begun and given up. Nothing is stored.
 * A registry that is silent for too long counts as one that cannot be reached.
 * @throws UserError those of {@link Registry.send}
 */
export async function checkPush(
  registry: Registry,
  { repository, patienceMs = usualPatienceMs }: { readonly repository: string; readonly patienceMs?: number },
  signal: AbortSignal,
): Promise<void> {
  const what = `push to ${repository}`;
  await soon(registry, what, patienceMs, (patience) => beginAndGiveUp(registry, repository, what, patience), signal);
}

/** Whether the registry accepts the credentials of the connection; nothing is begun. @throws UserError as {@link checkPush} */
export async function checkLogin(registry: Registry, signal: AbortSignal): Promise<void> {
  const request = { method: 'GET' as const, path: '/v2/', scopes: [], what: 'log in', expect: [200], once: true };
  await soon(registry, request.what, usualPatienceMs, (patience) => registry.read(request, patience), signal);
}

async function soon(
  registry: Registry,
  what: string,
  patienceMs: number,
  ask: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const timeout = AbortSignal.timeout(patienceMs);
  try {
    await ask(AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted || !timeout.aborted) throw error;
    throw unreachable(registry.host, what, new Error(`it did not answer for ${patienceMs / 1000} s`));
  }
}

async function beginAndGiveUp(
  registry: Registry,
  repository: string,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const scopes = pushScopes(repository);
  const begun = await registry.read(
    {
      method: 'POST',
      path: `/v2/${repository}/blobs/uploads/`,
      headers: { 'content-length': '0' },
      scopes,
      what,
      expect: [202],
      once: true,
    },
    signal,
  );
  const { location } = begun.headers;
  if (location === undefined) return;
  const session = new URL(location, await registry.origin(signal)).href;
  // Registries that cannot cancel let the session run out by itself.
  await registry
    .read({ method: 'DELETE', path: session, scopes, what, expect: [200, 202, 204], once: true }, signal)
    .catch(() => undefined);
}
