import * as vscode from 'vscode';
import { defaultCpuPercent, type Autoscale, type AutoscaleState } from '../core/autoscale';
import { changeModel } from '../editor/changeModel';
import type { Command } from './command';

const mostReplicas = 1000;

type Bounds = Pick<Autoscale, 'min' | 'max'>;

/** Asks for the bounds and the load of a replica, and leaves the number of replicas to the cluster; or ends that. */
export const autoscale: Command = async (app, subject) => {
  const title = vscode.l10n.t('Autoscale');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (_, target) => target.autoscale !== undefined,
    noneFits: vscode.l10n.t('No model runs on a cluster that could scale it.'),
  });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  const wish = await ask(model.name, model.autoscale);
  if (wish === undefined) return;
  await changeModel({
    chosen,
    title:
      wish === 'off'
        ? vscode.l10n.t('Leaving {0} to people to scale', model.name)
        : vscode.l10n.t('Scaling {0} between {1} and {2} replicas', model.name, wish.min, wish.max),
    body: async (signal) => target.autoscale?.(model.name, wish === 'off' ? undefined : wish, signal),
    refresh: () => app.refresh(),
  });
};

async function ask(model: string, now: AutoscaleState | undefined): Promise<Autoscale | 'off' | undefined> {
  const title = vscode.l10n.t('Autoscale {0}', model);
  if (now !== undefined) {
    const change = vscode.l10n.t('Change');
    const off = vscode.l10n.t('Turn Off');
    const answer = await vscode.window.showQuickPick([change, off], { title });
    if (answer !== change) return answer === off ? 'off' : undefined;
  }
  const bounds = await askBounds(title, now);
  const cpu = bounds && (await askPercent(title, now));
  if (bounds === undefined || cpu === undefined) return undefined;
  const scaleDownAfter = now?.scaleDownAfter;
  return { ...bounds, cpu, ...(scaleDownAfter === undefined ? {} : { scaleDownAfter }) };
}

async function askBounds(title: string, now: AutoscaleState | undefined): Promise<Bounds | undefined> {
  const { min, max } = now ?? { min: 2, max: 5 };
  const range = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Fewest and most replicas, such as 2-5.'),
    value: `${String(min)}-${String(max)}`,
    validateInput: (text) =>
      boundsIn(text) === undefined ? vscode.l10n.t('Enter two numbers such as 2-5, the smaller one first.') : undefined,
  });
  return boundsIn(range ?? '');
}

async function askPercent(title: string, now: AutoscaleState | undefined): Promise<number | undefined> {
  const percent = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Percent of the requested CPU that replicas are to use on average.'),
    value: String(now?.cpu ?? defaultCpuPercent),
    validateInput: (text) =>
      percentIn(text) === undefined ? vscode.l10n.t('Enter a whole number above 0, such as 70.') : undefined,
  });
  return percentIn(percent ?? '');
}

function boundsIn(text: string): Bounds | undefined {
  const [, min, max] = /^\s*(\d{1,4})\s*[-–]\s*(\d{1,4})\s*$/.exec(text)?.map(Number) ?? [];
  return min === undefined || max === undefined || min < 1 || max < min || max > mostReplicas
    ? undefined
    : { min, max };
}

function percentIn(text: string): number | undefined {
  const value = /^\s*\d{1,4}\s*%?\s*$/.test(text) ? Number.parseInt(text, 10) : 0;
  return value >= 1 && value <= 1000 ? value : undefined;
}
