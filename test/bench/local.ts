import { coldDeploys } from './local/cold';
import { extensionFigures } from './local/extension';
import { load, machine } from './local/machine';
import { serverFigures } from './local/servers';
import { warmDeploys } from './local/warm';

// npm run bench -- local [extension] [warm] [cold] [servers]: all parts, or the named ones.

/** The first one also builds what the others measure. */
const parts: Readonly<Record<string, () => Promise<string>>> = {
  extension: extensionFigures,
  warm: warmDeploys,
  cold: coldDeploys,
  servers: serverFigures,
};

const asked = process.argv.slice(2).filter((word) => word in parts);
console.log(machine());
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const before = load();
  const text = await measure().catch((error: unknown) => {
    process.exitCode = 1;
    return `not measured: ${error instanceof Error ? error.message : String(error)}`;
  });
  console.log(`\n${name} (${before})\n\n${text}`);
}
