import { InvalidArgumentError, type Command } from 'commander';
import type { Toleration } from '../core/placement';
import type { ProjectConfig } from '../core/project';

export interface PlacementOptions {
  readonly cpu?: string;
  readonly memory?: string;
  readonly gpu?: string;
  readonly device?: Readonly<Record<string, number>>;
  readonly sharedMemory?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly toleration?: readonly Toleration[];
  readonly runtimeClass?: string;
}

/** What a replica is given and where it runs, instead of what slipway.yaml says. */
export function addPlacementOptions(command: Command): Command {
  return command
    .option('--cpu <cores>', 'that a replica requests, such as 500m')
    .option('--memory <amount>', 'that a replica may take, such as 2Gi')
    .option('--gpu <n>', 'whole GPUs of NVIDIA of a replica')
    .option('--device <name=n>', 'other devices, such as nvidia.com/mig-1g.5gb=1; may be repeated', deviceOption)
    .option('--shared-memory <amount>', 'size of /dev/shm, such as 1Gi')
    .option('--node-selector <label=value>', 'label that a node must have; may be repeated', labelOption)
    .option('--toleration <key[=value][:effect]>', 'taint that is no obstacle; may be repeated', tolerationOption)
    .option('--runtime-class <name>', 'what starts the containers, such as nvidia');
}

/** The part of a `slipway.yaml` that says the same; undefined where nothing was said. */
export function placementIn(options: PlacementOptions): Pick<ProjectConfig, 'resources' | 'placement'> | undefined {
  const { cpu, memory, gpu, device: devices, sharedMemory } = options;
  const { nodeSelector, toleration: tolerations, runtimeClass } = options;
  const resources = defined({ cpu, memory, gpu, devices, sharedMemory });
  const placement = defined({ nodeSelector, tolerations, runtimeClass });
  const said = defined({ resources, placement });
  return said === undefined ? undefined : (said as Pick<ProjectConfig, 'resources' | 'placement'>);
}

/** Only what is defined; undefined when nothing is. */
function defined<T extends object>(values: T): T | undefined {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as T);
}

function deviceOption(text: string, before: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  const [name, count] = pair(text);
  const value = Number(count);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Write NAME=NUMBER.');
  return { ...before, [name]: value };
}

function labelOption(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [name, value] = pair(text);
  return { ...before, [name]: value };
}

function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write NAME=VALUE.');
  return [text.slice(0, at), text.slice(at + 1)];
}

const effects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function tolerationOption(text: string, before: readonly Toleration[] = []): readonly Toleration[] {
  const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?(?::(\w+))?$/.exec(text) ?? [];
  if (key === undefined || (effect !== undefined && !effects.includes(effect)))
    throw new InvalidArgumentError('Write KEY, KEY=VALUE, KEY:NoSchedule or KEY=VALUE:NoSchedule.');
  const toleration = {
    key,
    ...(value === undefined ? { operator: 'Exists' as const } : { operator: 'Equal' as const, value }),
    ...(effect === undefined ? {} : { effect: effect as NonNullable<Toleration['effect']> }),
  };
  return [...before, toleration];
}
