import { execFileSync } from 'node:child_process';

/** What a test puts into a wheel: names with contents. */
export type WheelContents = Readonly<Record<string, string>>;

const writer = `
import json, sys, zipfile
request = json.load(sys.stdin)
with zipfile.ZipFile(request["file"], "w", zipfile.ZIP_DEFLATED) as archive:
    for name, text in request["contents"].items():
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_STORED if name.endswith(".stored") else zipfile.ZIP_DEFLATED
        info.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
        archive.writestr(info, text)
`;

/** Writes a wheel with Python's own zip library, and with the metadata that every wheel has. */
export function writeWheel(file: string, contents: WheelContents, distribution = 'thing-1.0'): void {
  const info = `${distribution}.dist-info`;
  const all: Record<string, string> = {
    [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n',
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    ...contents,
  };
  const record = Object.keys(all).map((name) => `${name},sha256=from-${name.length},${all[name]?.length ?? 0}`);
  all[`${info}/RECORD`] ??= `${[...record, `${info}/RECORD,,`].join('\n')}\n`;
  execFileSync('python3', ['-c', writer], { input: JSON.stringify({ file, contents: all }) });
}
