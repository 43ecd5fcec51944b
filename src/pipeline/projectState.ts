import path from 'node:path';
import { readJson, writeAtomic } from '../clients/files/contentStore';
import type { Home } from '../core/home';

/** What Slipway remembers of a project between deploys, in the home folder and never in the project. */
export interface ProjectState {
  /** The user agreed that this project's notebooks are executed. */
  readonly mayExecute: boolean;
  /** Requirements that nobody had named and that training met, with the reason. */
  readonly added: readonly { readonly spec: string; readonly reason: string }[];
  /** The target that was chosen last. */
  readonly target?: string;
  /** The notebook as it was last executed, absolute path. */
  readonly executed?: string;
  /** The requirements that were solved last and the date as of which; they keep it until they change. */
  readonly solved?: {
    readonly requirements: string;
    readonly asOf: string;
    /** The later date that is used instead, where there were no wheels on that one or the notebook failed with its versions. */
    readonly movedTo?: string;
    /** Whether the newest versions are needed because the notebook failed with those of its date: told by its first training. */
    readonly newest?: boolean;
  };
}

const empty: ProjectState = { mayExecute: false, added: [] };

export async function readProjectState(home: Home, root: string): Promise<ProjectState> {
  const state = await readJson(stateFile(home, root));
  return typeof state === 'object' && state !== null ? { ...empty, ...state } : empty;
}

export async function updateProjectState(
  home: Home,
  root: string,
  change: Partial<ProjectState>,
): Promise<ProjectState> {
  const state = { ...(await readProjectState(home, root)), ...change };
  await writeAtomic(stateFile(home, root), JSON.stringify(state, null, 2));
  return state;
}

function stateFile(home: Home, root: string): string {
  return path.join(home.project(root), 'project.json');
}
