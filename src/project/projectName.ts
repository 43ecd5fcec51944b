/** Lower-case letters, digits and `-`, starting with a letter, at most 40 characters: valid on every target. */
export function projectName(folder: string): string {
  const plain = folder
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+/g, '')
    .slice(0, 40)
    .replaceAll(/-+$/g, '');
  return plain === '' ? 'model' : plain;
}
