/** A file on its way into an image. */
export interface SizedFile {
  /** Relative to the bundle, POSIX separators. */
  readonly path: string;
  readonly size: number;
}

/** Weights and data from this size on have a layer of their own, up to so many layers. */
const ownLayerBytes = 10 * 1024 * 1024;
const mostOwnLayers = 16;
/** What is smaller travels with the code. */
const dataBytes = 256 * 1024;

/** What came from model hubs changes by revision. */
const hubs = 'artifact/hubs/';

const codeNames = /(?:\.(?:py|json|ya?ml|toml|txt|cfg|ini|md)|\.pickle|\.pkl)$/;

/**
 * Splits a bundle by how often its files change: an edited cell must not send weights and data again. What a snapshot
 * keeps out of its pickle is named by content, so it stays the same while the values do.
 */
export function splitFiles<F extends SizedFile>(
  files: readonly F[],
): { readonly data: readonly (readonly F[])[]; readonly code: readonly F[] } {
  const isData = (file: F): boolean =>
    file.size >= ownLayerBytes || file.path.startsWith(hubs) || (file.size >= dataBytes && !codeNames.test(file.path));
  const data = files.filter(isData);
  const large = data
    .filter((file) => file.size >= ownLayerBytes)
    .sort((left, right) => right.size - left.size || (left.path < right.path ? -1 : 1))
    .slice(0, mostOwnLayers);
  const rest = data.filter((file) => !large.includes(file));
  return {
    data: [...large.map((file) => [file]), ...(rest.length === 0 ? [] : [rest])],
    code: files.filter((file) => !isData(file)),
  };
}
