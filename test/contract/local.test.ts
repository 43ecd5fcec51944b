import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DeployedModel } from '../../src/core/deployment';
import { eventually } from '../support/eventually';
import { isListening } from '../support/ports';
import { processesNaming } from '../support/processes';
import { namesIn, type Workspace } from '../support/workspace';
import { controlAddress } from '../../src/targets/local/modelFolder';
import { describeContract } from './contract';
import { projects } from './projects';

describeContract({ target: 'local', workspace: () => Promise.resolve({ target: 'local' }), traces }, projects);

/** A local model is processes, a port, a folder, a control socket and what its processes put into the temporary folder. */
async function traces(workspace: Workspace, model: DeployedModel): Promise<() => Promise<readonly string[]>> {
  const folder = workspace.services.home.model(model.name);
  const control = (await controlAddress(workspace.services.home, model.name))?.control.replace(/^unix:/, '') ?? folder;
  const port = Number(new URL(model.endpoint ?? 'http://127.0.0.1:1').port);
  const found = async (): Promise<readonly string[]> => {
    const files = await Promise.all([folder, control].map(async (file) => ((await exists(file)) ? [file] : [])));
    const temporary = (await namesIn(workspace.temporary)).filter(
      (name) => !name.startsWith('tsx-') && name !== 'node-compile-cache',
    );
    return [
      ...ownProcesses(workspace, model.name),
      ...((await isListening(port)) ? [`port ${String(port)}`] : []),
      ...files.flat(),
      ...temporary.map((name) => path.join(workspace.temporary, name)),
    ];
  };
  return async () => {
    // The supervisor answers before it ends itself.
    await eventually(`all of ${model.name} is gone`, 10, async () => (await found()).length === 0).catch(
      () => undefined,
    );
    return found();
  };
}

function ownProcesses(workspace: Workspace, name: string): readonly string[] {
  return processesNaming(workspace.root)
    .map((one) => one.commandLine)
    .filter((line) => line.includes(`--model ${name}`));
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
