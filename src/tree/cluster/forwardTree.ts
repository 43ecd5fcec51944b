import type { ForwardState } from '../../core/cluster';
import { escapeMarkdown } from '../format';
import { leaf, type Translate, type TreeNode } from '../node';

export interface ForwardEntry {
  readonly id: string;
  readonly name: string;
  readonly where: string;
  readonly state: ForwardState | undefined;
  readonly problem: string | undefined;
}

/** The Port Forwards view: where each leads, and whether it does. */
export function forwardTree(forwards: readonly ForwardEntry[], t: Translate): readonly TreeNode[] {
  return forwards.map(({ id, name, where, state, problem }) => {
    const words = problem ?? state?.reason;
    const phase = problem === undefined ? phaseText(state, t) : t('Failed, trying again');
    const url = state?.url ?? '';
    const isActive = problem === undefined && state?.phase === 'active';
    return leaf(id, 'forward', name, {
      description: [phase, url].filter((part) => part !== '').join(' · '),
      tooltip: escapeMarkdown([where, state?.pod, words].filter((line) => line !== undefined).join('\n')),
      icon: isActive ? { id: 'plug', color: 'testing.iconPassed' } : { id: 'warning', color: 'list.warningForeground' },
    });
  });
}

function phaseText(state: ForwardState | undefined, t: Translate): string {
  if (state?.phase === 'active') return t('Active');
  return state?.phase === 'reconnecting' ? t('Reconnecting') : t('Connecting');
}
