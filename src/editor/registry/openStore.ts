import * as vscode from 'vscode';
import { repositoryIn } from '../../core/image';
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
      const { pushedImages } = await import('../../pipeline/pushedImages');
      const chosen = chosenDestination(workspaceState);
      const setting = readSetting(vscode.workspace.getConfiguration(), 'slipway.registry').trim();
      const known = [chosen?.kind === 'registry' ? chosen.name : '', setting, ...recentRegistries(globalState)];
      const pushes = await pushedImages((await services()).home);
      const hosts = known.flatMap(hostOf);
      return [...new Set([...hosts, ...pushes.map((one) => one.registry)])];
    },
    reader: async () => {
      const { RegistryExplorer } = await import('../../pipeline/exploreRegistry');
      return new RegistryExplorer(await services(), access().insecure);
    },
  });
}

/** Settings hold what people type, so it may be no address at all. */
function hostOf(name: string): readonly string[] {
  try {
    return name === '' ? [] : [repositoryIn(name, 'model').registry];
  } catch {
    return [];
  }
}
