// npm run demo               opens examples/iris in VS Code with the packaged extension
// npm run demo -- --headless does the same main job in the terminal, checks the answer, and removes everything again
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { findChromium } from '../test/testbed/vscode/chromium.ts';
import { codeServerProblem } from '../test/testbed/vscode/installCodeServer.ts';
import { startServer } from '../test/testbed/vscode/server.ts';
import { runHeadlessDemo } from './headlessDemo.mjs';
import { makePackage } from './package.mjs';

const root = path.dirname(import.meta.dirname);
const example = path.join(root, 'examples/iris');

/** On Windows `code` is a script, which only a shell starts: then the arguments are quoted. */
function code(...args) {
  const windows = process.platform === 'win32';
  const quoted = windows ? args.map((arg) => `"${arg}"`) : args;
  return spawnSync('code', quoted, { stdio: 'inherit', shell: windows }).status === 0;
}

function hasDesktopEditor() {
  const { status } = spawnSync('code', ['--version'], { stdio: 'ignore', shell: process.platform === 'win32' });
  return status === 0;
}

function openOnDesktop(vsix) {
  if (!code('--install-extension', vsix, '--force'))
    throw new Error('VS Code did not install the extension: see its message above.');
  if (!code('--new-window', example)) throw new Error('VS Code did not open the example: see its message above.');
  console.log(
    'VS Code has the example open. Open iris.ipynb and run "Slipway: Deploy Model" from the command palette.',
  );
  console.log('To take the extension away again: code --uninstall-extension slipway.slipway');
}

async function openInBrowser(vsix) {
  const problem = codeServerProblem();
  if (problem !== undefined)
    throw new Error(`There is no "code" on PATH, and ${problem}. Install VS Code, or run: npm run demo -- --headless`);
  const server = await startServer({ vsix: [vsix], report: console.log });
  console.log(`\nVS Code is at ${server.url}/?folder=${encodeURIComponent(example)}`);
  console.log('Open iris.ipynb there and run "Slipway: Deploy Model" from the command palette (F1).');
  if (findChromium() === undefined) console.log('Use a browser on this machine, or forward the port.');
  console.log('Ctrl-C stops it, with every model that was deployed from it, and removes what it wrote.');
  const stop = Promise.withResolvers();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.removeAllListeners(signal);
    process.once(signal, stop.resolve);
  }
  await stop.promise;
  await server.stop();
  console.log('Stopped.');
}

try {
  const vsix = await makePackage();
  console.log(`Packaged ${vsix}`);
  if (process.argv.includes('--headless')) await runHeadlessDemo(root, example);
  else if (hasDesktopEditor()) openOnDesktop(vsix);
  else await openInBrowser(vsix);
} catch (error) {
  console.error(`The demo failed: ${error.message}`);
  process.exitCode = 1;
}
