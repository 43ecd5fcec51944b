import type { LoadTargetKind } from '../core/target';

/** Every kind of target. To add one: a folder beside this file, and one line here. */
export const targetKinds: readonly LoadTargetKind[] = [
  async () => (await import('./local')).localTargets,
  async () => (await import('./kubernetes')).kubernetesTargets,
];
