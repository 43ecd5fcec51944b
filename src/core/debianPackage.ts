/** Equal to the pattern in `slipway.schema.json`. A name that fits needs no quoting in a shell and is no option. */
const pattern = /^[a-z0-9][a-z0-9+.-]+(=[\w.+:~-]+)?$/;

/** Whether a text is the name of a Debian package, optionally with `=VERSION`. */
export function isDebianPackage(text: string): boolean {
  return pattern.test(text);
}
