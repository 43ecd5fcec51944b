/** A line of RECORD. @see https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file */
export interface RecordLine {
  readonly path: string;
  /** `sha256=…` in base64url without padding; empty when it is not known. */
  readonly hash: string;
  readonly size: number;
}

/** Reads a RECORD; lines that are damaged are passed over, as installers do. */
export function parseRecord(text: string): readonly RecordLine[] {
  return text
    .split(/\r?\n/)
    .map((line) => parseFields(line))
    .flatMap(([path, hash, size]) =>
      path === undefined || path === '' ? [] : [{ path, hash: hash ?? '', size: Number(size ?? 0) }],
    );
}

/** The text of a RECORD, sorted by path; `own` is its own path, which has neither hash nor size. */
export function formatRecord(lines: readonly RecordLine[], own: string): string {
  const all = [...lines.map((line) => fields(line.path, line.hash, String(line.size))), fields(own, '', '')];
  return `${all.sort().join('\n')}\n`;
}

function fields(path: string, hash: string, size: string): string {
  const quoted = /[",\n]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
  return `${quoted},${hash},${size}`;
}

/** One line of comma-separated values, where quotes stand around a value with commas. */
function parseFields(line: string): readonly string[] {
  const pattern = /(?:^|,)(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^,]*))/g;
  return [...line.matchAll(pattern)].map(
    ({ groups }) => groups?.['quoted']?.replaceAll('""', '"') ?? groups?.['plain'] ?? '',
  );
}
