import { UserError } from '../../core/errors';
import type { InstallScheme } from './imagePaths';
import { LayerWriter, type Layer } from './layerWriter';
import { installedFiles, WheelError, type InstalledFile } from './wheel';
import { inflate, ZipFile } from './zip';

/** A wheel at hand. */
export interface WheelFile {
  /** Absolute path. */
  readonly file: string;
  /** `numpy-2.4.6-cp311-…whl`, for messages. */
  readonly name: string;
  /** It was built on this machine, whose zlib must not decide about the layer's bytes. */
  readonly isBuilt?: boolean;
}

/** Part of the key of every cached wheel layer: raise it when the same wheel gives other bytes than before. */
export const wheelLayerVersion = 2;

/** Smaller than this a deflated file is not worth a gzip member of its own. */
const smallestMember = 1024;
/** Up to here a file is inflated in memory. */
const inMemoryBytes = 256 * 1024;

/**
 * Writes wheels as one layer: what `pip install` would unpack, without compressing anything again.
 * @throws UserError WheelInvalid
 */
export async function writeWheelLayer(to: string, wheels: readonly WheelFile[], scheme: InstallScheme): Promise<Layer> {
  const writer = await LayerWriter.create(to);
  try {
    for (const wheel of wheels) await addWheel(writer, wheel, scheme);
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

async function addWheel(writer: LayerWriter, wheel: WheelFile, scheme: InstallScheme): Promise<void> {
  let zip: ZipFile | undefined;
  try {
    zip = await ZipFile.open(wheel.file);
    for (const file of await installedFiles(zip, scheme)) await addFile(writer, zip, file, wheel.isBuilt === true);
  } catch (cause) {
    throw isForeseen(cause) ? wheelInvalid(wheel.name, cause) : cause;
  } finally {
    await zip?.close();
  }
}

async function addFile(writer: LayerWriter, zip: ZipFile, file: InstalledFile, isBuilt: boolean): Promise<void> {
  if (file.kind === 'written') {
    const { path, executable, content } = file;
    await writer.add({ kind: 'file', path, executable, size: content.length }, content);
    return;
  }
  const { entry } = file;
  const tarEntry = { kind: 'file', path: file.path, executable: file.executable, size: entry.size } as const;
  const isKept = entry.method === 'deflated' && !isBuilt;
  if (isKept && entry.size > inMemoryBytes) {
    await writer.addDeflated(tarEntry, entry.crc32, zip.raw(entry), zip.content(entry));
    return;
  }
  if (entry.size > inMemoryBytes) {
    await writer.addStream(tarEntry, zip.content(entry));
    return;
  }
  const raw = await zip.rawBuffer(entry);
  const content = inflate(entry, raw);
  if (!isKept || entry.size < smallestMember) await writer.add(tarEntry, content);
  else await writer.addDeflated(tarEntry, entry.crc32, [raw], [content]);
}

/** Errors of the archive have no code; those of the disk have one. */
function isForeseen(cause: unknown): cause is Error {
  if (cause instanceof WheelError) return true;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return cause instanceof Error && cause.name !== 'UserError' && (code === '' || code.startsWith('Z_'));
}

function wheelInvalid(name: string, cause: Error): UserError {
  return new UserError('WheelInvalid', `The package file ${name} cannot be installed: ${cause.message}.`, {
    cause,
    remedy: { kind: 'hint', label: 'Choose another version of the package, or ask who runs your package index.' },
  });
}
