import { createHash } from 'node:crypto';
import type { Registry } from './connection';
import { pullScope } from './pull';

/** Bytes to upload, which can be read more than once and from any place. */
export interface BlobSource {
  readonly digest: string;
  readonly size: number;
  open(start: number, end: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Where a blob goes, and where the registry may have it already. */
export interface BlobPush {
  readonly repository: string;
  readonly blob: BlobSource;
  /** A repository of the same registry that holds the blob. */
  readonly mountFrom?: string;
  /** Do not ask whether the blob is there: the caller knows that it is new. */
  readonly isNew?: boolean;
  /** Told of bytes as they are sent; negative when some must be sent again. */
  readonly onBytes?: (bytes: number) => void;
}

export type PushedBlob = 'exists' | 'mounted' | 'uploaded';

export function pushScopes(repository: string, mountFrom?: string): readonly string[] {
  const own = `repository:${repository}:pull,push`;
  return mountFrom === undefined || mountFrom === repository ? [own] : [own, pullScope(mountFrom)];
}

/** Whether a repository holds a blob. */
export async function hasBlob(
  registry: Registry,
  repository: string,
  digest: string,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await registry.send(
    {
      method: 'HEAD',
      path: `/v2/${repository}/blobs/${digest}`,
      scopes: pushScopes(repository),
      what: `look for a layer in ${repository}`,
      expect: [200, 404],
    },
    signal,
  );
  response.body.resume();
  return response.status === 200;
}

export function sha256(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
