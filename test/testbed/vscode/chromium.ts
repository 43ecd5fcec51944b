import path from 'node:path';
import { isExecutable } from '../program';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The browser that drives the workbench: `CHROMIUM`, else the first on PATH or in the usual place. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const onPath = (env['PATH'] ?? '')
    .split(path.delimiter)
    .flatMap((folder) => names.map((name) => path.join(folder, name)));
  const chosen = env['CHROMIUM'];
  return (chosen ? [chosen] : [...onPath, ...places]).find(isExecutable);
}
