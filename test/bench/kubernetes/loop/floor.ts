import { imagePaths } from '../../../../src/build/image/imagePaths';
import { median } from '../../local/figures';
import type { LoopArena } from './arena';
import { modelName } from './contenders';

/** The least that a new release takes that is a new pod: what each part of it takes, in milliseconds. */
export interface Floor {
  /** Pulling what changed. */
  readonly pull: number;
  /** Starting Python in the image and importing what the model and the server use. */
  readonly imports: number;
  /** Between two questions whether it is ready. */
  readonly period: number;
}

const times = 3;
const script = `import subprocess, sys, time
code = "import uvicorn, uvloop, httptools, cloudpickle, pandas, sklearn.pipeline, sklearn.linear_model, sklearn.preprocessing"
for _ in range(${String(times)}):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import sys; sys.path.append('/${imagePaths.support}'); " + code], check=True)
    print(time.perf_counter() - start)`;

export async function floorOf({ cluster }: LoopArena, namespace: string): Promise<Floor> {
  const events = await cluster.kubectl(
    ...['-n', namespace, 'get', 'events', '--field-selector=reason=Pulled', '-o=jsonpath={.items[*].message}'],
  );
  const pulls = [...events.matchAll(/Successfully pulled image "[^"]*" in (?<value>[\d.]+)(?<unit>m?s)/g)].map(
    ({ groups }) => Number(groups?.['value']) * (groups?.['unit'] === 's' ? 1000 : 1),
  );
  // The first pull is that of everything.
  const changed = pulls.toSorted((left, right) => left - right).slice(0, -1);
  const program = await cluster.kubectl(
    '-n',
    namespace,
    'exec',
    `deployment/${modelName}`,
    '--',
    'python',
    '-c',
    script,
  );
  const imports = program
    .trim()
    .split('\n')
    .map((line) => Number(line) * 1000);
  return { pull: median(changed), imports: median(imports), period: 1000 };
}
