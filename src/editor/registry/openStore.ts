import * as vscode from 'vscode';
import type { Services } from '../../pipeline/services';
import { readSetting } from '../settings';
import { chosenDestination, recentRegistries } from './destination';
import type { RegistryAccess } from './logIn';
import { RegistryStore } from './registryStore';

/** The registries of this window: those that images were pushed to from this machine, and those that were chosen. */
export function registryStore(
  { workspaceState, globalState }: vscode.ExtensionContext,
  services: () => Promise<Services>,
  access: () => RegistryAccess,
): RegistryStore {
  return new RegistryStore({
    hosts: async () => {
      const [{ pushedImages }, { repositoryIn }] = await Promise.all([
        import('../../pipeline/pushedImages'),
        import('../../core/image'),
      ]);
      const chosen = chosenDestination(workspaceState);
      const setting = readSetting(vscode.workspace.getConfiguration(), 'slipway.registry').trim();
      const known = [chosen?.kind === 'registry' ? chosen.name : '', setting, ...recentRegistries(globalState)];
      const pushes = await pushedImages((await services()).home);
      const hosts = known.filter((name) => name !== '').map((name) => repositoryIn(name, 'model').registry);
      return [...new Set([...hosts, ...pushes.map((one) => one.registry)])];
    },
    reader: async () => {
      const { RegistryExplorer } = await import('../../pipeline/exploreRegistry');
      return new RegistryExplorer(await services(), access().insecure);
    },
  });
}
