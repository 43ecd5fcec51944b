import { createHash } from 'node:crypto';
import path from 'node:path';
import PQueue from 'p-queue';
import { readJson, writeAtomic } from '../../clients/files/contentStore';
import type { Registry } from '../../clients/registry/connection';
import type { BlobSource } from '../../clients/registry/blob';
import { pushBlob, putManifest } from '../../clients/registry/push';
import { UserError } from '../../core/errors';
import { inParallel } from '../../core/parallel';

/** A blob that an image needs. */
export interface NeededBlob {
  readonly source: BlobSource;
  /** A repository of the same registry that holds it. */
  readonly mountFrom?: string;
  /** It was made just now, so nobody can have pushed it before. */
  readonly isFresh?: boolean;
}

export interface Destination {
  readonly registry: Registry;
  readonly repository: string;
}

const uploadsAtOnce = 4;

/**
 * Pushes images to one repository. What it pushed before it remembers in `folder`, and does not ask for again; where the
 * registry has lost it meanwhile, the manifest is refused and everything is looked for.
 */
export class Publisher {
  readonly #destination: Destination;
  readonly #file: string;
  readonly #onBytes: (bytes: number) => void;
  readonly #queue = new PQueue({ concurrency: uploadsAtOnce });
  #known: Promise<Set<string>> | undefined;

  constructor(destination: Destination, folder: string, onBytes: (bytes: number) => void) {
    const { registry, repository } = destination;
    const name = createHash('sha256').update(`${registry.host}/${repository}`).digest('hex').slice(0, 32);
    this.#destination = destination;
    this.#file = path.join(folder, `${name}.json`);
    this.#onBytes = onBytes;
  }

  /** Makes sure that the repository holds a blob. @throws UserError of {@link pushBlob} */
  async blob(blob: NeededBlob, signal: AbortSignal): Promise<void> {
    const known = await this.#remembered();
    if (known.has(blob.source.digest)) return;
    await this.#push(blob, blob.isFresh === true, signal);
    known.add(blob.source.digest);
  }

  /**
   * Puts the manifest under a tag, which makes the image exist. All blobs must have been pushed.
   * @throws UserError ManifestRefused and those of {@link pushBlob}
   */
  async manifest(
    tag: string,
    manifest: { readonly mediaType: string; readonly content: Buffer },
    blobs: readonly NeededBlob[],
    signal: AbortSignal,
  ): Promise<void> {
    const { registry, repository } = this.#destination;
    if (!(await putManifest(registry, repository, tag, manifest, signal))) {
      // The registry has lost what was pushed before: its garbage was collected, or it was set up anew.
      this.#known = Promise.resolve(new Set<string>());
      await inParallel(blobs, blobs.length, (blob, abort) => this.#push(blob, false, abort), signal);
      if (!(await putManifest(registry, repository, tag, manifest, signal))) throw refused(registry.host);
    }
    const known = [...(await this.#remembered()), ...blobs.map((blob) => blob.source.digest)];
    await writeAtomic(this.#file, JSON.stringify([...new Set(known)]));
  }

  async #push({ source, mountFrom }: NeededBlob, isNew: boolean, signal: AbortSignal): Promise<void> {
    const { registry, repository } = this.#destination;
    const push = {
      repository,
      blob: source,
      isNew,
      onBytes: this.#onBytes,
      ...(mountFrom === undefined || mountFrom === repository ? {} : { mountFrom }),
    };
    await this.#queue.add(() => pushBlob(registry, push, signal));
  }

  #remembered(): Promise<Set<string>> {
    this.#known ??= readJson(this.#file).then((known) => new Set((known as readonly string[] | undefined) ?? []));
    return this.#known;
  }
}

function refused(host: string): UserError {
  return new UserError('ManifestRefused', `${host} says that layers are missing that were pushed just now.`, {
    remedy: { kind: 'hint', label: 'Try again. If it persists, look into the log of the registry and its storage.' },
  });
}
