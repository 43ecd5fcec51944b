import type { ObjectChange } from '../core/target';
import { count } from '../pipeline/formatPlan';
import { changeText } from '../pipeline/showChanges';
import type { Output } from './output';

/** Tells what a deploy would change, object by object. */
export function tellChanges(output: Output, changes: readonly ObjectChange[]): void {
  for (const change of changes) {
    const { action, kind, name } = change;
    const diff = changeText(change);
    output.emit({ event: 'change', action, kind, name, diff });
    output.say(`${action} ${kind} ${name}\n${diff}`);
  }
  output.emit({ event: 'changes', count: changes.length });
  output.say(
    changes.length === 0
      ? 'Nothing would change.'
      : `${count(changes.length, 'object')} would change. Nothing was written.`,
  );
}
