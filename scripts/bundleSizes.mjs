import { bundle } from '../esbuild.mjs';

/** Activation loads this much at most, in bytes. */
const limit = 80_000;

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/** An output with everything that it imports without `import()`. */
function staticSize(outputs, entry) {
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file) || outputs[file] === undefined) return;
    seen.add(file);
    for (const { path: imported, kind } of outputs[file].imports) if (kind === 'import-statement') visit(imported);
  };
  visit(entry);
  return [...seen].reduce((bytes, file) => bytes + outputs[file].bytes, 0);
}

/**
 * Builds and measures what activation and the command line load, and everything together.
 * @returns {Promise<string>} one line
 * @throws {Error} when activation loads more than the limit
 */
export async function bundleSizes() {
  const outputs = await bundle((written) => Promise.resolve(written));
  const code = Object.fromEntries(Object.entries(outputs).filter(([file]) => /\.c?js$/.test(file)));
  const activation = staticSize(code, 'dist/extension.cjs');
  const all = Object.values(code).reduce((bytes, output) => bytes + output.bytes, 0);
  const line = `activation ${kilobytes(activation)} of at most ${kilobytes(limit)}, command line ${kilobytes(staticSize(code, 'dist/commandLine.cjs'))}, all ${kilobytes(all)}`;
  if (activation > limit) throw new Error(line);
  return line;
}
