// Runs a script of this repository on the pinned Node, on any machine with Node 18 or newer:
//   node scripts/run.mjs scripts/test.mjs [arguments]
// Installs node_modules first when they are missing or do not match package-lock.json.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

function isInstalled() {
  if (!existsSync(path.join(root, 'node_modules/.package-lock.json'))) return false;
  const wanted = readJson('package-lock.json').packages;
  const installed = readJson('node_modules/.package-lock.json').packages;
  return Object.entries(wanted).every(([name, { version, integrity, optional }]) => {
    const found = installed[name];
    if (name === '') return true;
    return found ? found.version === version && found.integrity === integrity : optional;
  });
}

function install() {
  console.log('Installing the development packages (npm ci).');
  const npm = process.env.npm_execpath;
  const options = { cwd: root, stdio: 'inherit' };
  const done = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, 'ci', '--loglevel=error'], options)
    : spawnSync('npm ci --loglevel=error', { ...options, shell: true });
  if (done.status !== 0) {
    console.error(
      "The development packages could not be installed: see npm's message above, then run the command again.",
    );
    process.exit(done.status ?? 1);
  }
}

/** The Node that package.json pins for this system, or undefined where there is none. */
function pinnedNode() {
  const system = `-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const name = Object.keys(readJson('package.json').optionalDependencies).find((one) => one.endsWith(system));
  if (name === undefined) return undefined;
  const file = path.join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(file) ? file : undefined;
}

function fallbackNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath;
  console.error(
    `This needs Node 22.19 or newer and this is ${process.versions.node}. The pinned Node is not installed for ` +
      `${process.platform}-${process.arch}: run "npm ci --include=optional", or use a newer Node.`,
  );
  return process.exit(1);
}

if (!isInstalled()) install();
const node = pinnedNode() ?? fallbackNode();
const [script, ...args] = process.argv.slice(2);
const tsx = pathToFileURL(createRequire(path.join(root, 'package.json')).resolve('tsx')).href;
const child = spawn(node, ['--import', tsx, path.join(root, script), ...args], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: [path.dirname(node), path.join(root, 'node_modules/.bin'), process.env.PATH].join(path.delimiter),
  },
});
// A terminal sends Ctrl-C to the child as well; a program that sends it reaches only this process.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
