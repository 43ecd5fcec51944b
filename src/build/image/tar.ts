/** What stands in a layer. Owners are always root, times always the same, so equal trees give equal bytes. */
export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly size: number; readonly executable: boolean }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export const blockBytes = 512;

/** 1980-01-01 UTC: the earliest time that zip files can hold, for programs that pack what they find. */
const modifiedSeconds = 315_532_800;

const largestOctalSize = 0o77777777777;

/** Two empty blocks end an archive. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/**
 * The header of an entry in the ustar format, with a pax header before it where name, link or size need one.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
 */
export function tarHeader(entry: TarEntry): Buffer {
  const path = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
  const target = entry.kind === 'link' ? entry.target : '';
  const size = entry.kind === 'file' ? entry.size : 0;
  const records = [
    ...(isShort(path) ? [] : [paxRecord('path', path)]),
    ...(isShort(target) ? [] : [paxRecord('linkpath', target)]),
    ...(size <= largestOctalSize ? [] : [paxRecord('size', String(size))]),
  ];
  const header = block({ path, target, size: Math.min(size, largestOctalSize), ...kindOf(entry) });
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const extended = block({ path: 'pax', target: '', size: body.length, mode: 0o644, type: 'x' });
  return Buffer.concat([extended, body, Buffer.alloc(paddingOf(body.length)), header]);
}

/** How many zero bytes follow a content of this size. */
export function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function kindOf(entry: TarEntry): { readonly mode: number; readonly type: string } {
  switch (entry.kind) {
    case 'file':
      return { mode: entry.executable ? 0o755 : 0o644, type: '0' };
    case 'folder':
      return { mode: 0o755, type: '5' };
    case 'link':
      return { mode: 0o777, type: '2' };
  }
}

/** Old readers take names as ASCII of at most 100 bytes. */
function isShort(text: string): boolean {
  return /^[\x20-\x7e]{0,100}$/.test(text);
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

interface Block {
  readonly path: string;
  readonly target: string;
  readonly size: number;
  readonly mode: number;
  readonly type: string;
}

function block({ path, target, size, mode, type }: Block): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(path, 0, 100, 'utf8');
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(modifiedSeconds, 11), 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(target, 157, 100, 'utf8');
  header.write('ustar\u000000', 257, 'latin1');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${octal(sum, 6)}\u0000 `, 148, 'latin1');
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
