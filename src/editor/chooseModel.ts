import * as vscode from 'vscode';
import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import type { Target } from '../core/target';
import { describeModel } from '../tree/modelText';
import { modelOf, type NamedModel } from './subject';

export interface ModelPrompt {
  /** Title of the pick, usually the command's. */
  readonly title: string;
  /** Only models for which this holds are offered; a model that was named is taken as it is. */
  readonly fits?: (model: DeployedModel, target: Target) => boolean;
  /** Said when there are models and none fits. */
  readonly noneFits?: string;
}

export interface ChosenModel {
  readonly target: Target;
  readonly model: DeployedModel;
}

/** See `App.chooseModel`. `read` takes a fresh snapshot of all models. */
export async function chooseModel(
  read: () => Promise<readonly ChosenModel[]>,
  subject: unknown,
  prompt: ModelPrompt,
): Promise<ChosenModel | undefined> {
  const all = await read();
  const named = modelOf(subject);
  if (named !== undefined) return find(all, named);
  if (all.length === 0) {
    throw new UserError('NoModels', vscode.l10n.t('There are no models yet.'), {
      remedy: { kind: 'runCommand', label: vscode.l10n.t('Deploy Model'), command: 'slipway.deployModel' },
    });
  }
  const fitting = all.filter(({ model, target }) => prompt.fits?.(model, target) ?? true);
  if (fitting.length === 0)
    throw new UserError('NoModels', prompt.noneFits ?? vscode.l10n.t('No model fits this command.'));
  if (fitting.length === 1) return fitting[0];
  return pick(fitting, prompt.title);
}

function find(all: readonly ChosenModel[], named: NamedModel): ChosenModel {
  const found = all.find(
    ({ model, target }) => model.name === named.name && (named.targetId === undefined || target.id === named.targetId),
  );
  if (found !== undefined) return found;
  throw new UserError('ModelNotFound', vscode.l10n.t('There is no model named {0} any more.', named.name), {
    remedy: { kind: 'runCommand', label: vscode.l10n.t('Refresh'), command: 'slipway.refresh' },
  });
}

async function pick(models: readonly ChosenModel[], title: string): Promise<ChosenModel | undefined> {
  const items = models.map((one) => ({
    label: one.model.name,
    description: describeModel(one.model),
    detail: one.target.displayName,
    one,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t('Choose a model'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.one;
}
