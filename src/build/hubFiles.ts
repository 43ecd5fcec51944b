import path from 'node:path';
import { constants } from 'node:fs';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { asDiskError, linkOrCopy } from '../clients/files/contentStore';
import type { HubItem } from '../clients/python/trainer';

/** What a model uses of a hub. */
export interface HubUse {
  readonly hub: HubItem['hub'];
  /** `org/model`, `corpora/stopwords`, the name of a file. */
  readonly name: string;
  /** null where the hub has none. */
  readonly revision: string | null;
  readonly bytes: number;
}

/**
 * Puts what was used of hubs into an artifact, as the hubs' own clients look for it: `hubs/HUB/…`.
 * @throws UserError DiskFull
 */
export async function keepHubFiles(
  artifact: string,
  items: readonly HubItem[],
  signal: AbortSignal,
): Promise<readonly HubUse[]> {
  const uses: HubUse[] = [];
  for (const { hub, name, revision, files } of items) {
    let bytes = 0;
    for (const file of files) {
      signal.throwIfAborted();
      const to = path.join(artifact, 'hubs', hub, file.path);
      await (hub === 'huggingface' ? linkOrCopy(file.source, to) : copy(file.source, to)).catch((cause: unknown) => {
        throw asDiskError(cause, to);
      });
      bytes += (await stat(to)).size;
    }
    uses.push({ hub, name, revision, bytes });
  }
  return uses;
}

/** Other caches are written in place, which a hard link would not survive. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}
