import { takeTorch } from '../build/image/torchPins';
import { fileSize } from '../clients/python/fetchWheel';
import { selectWheels, type PythonTarget, type Wheel } from '../clients/python/selectWheels';
import { isUserError, UserError } from '../core/errors';
import type { Uv } from '../clients/python/uv';

/** A lock for an accelerator: what is left of it, and the wheels that take the place of the rest. */
export interface Accelerated {
  readonly lock: string;
  readonly wheels: readonly Wheel[];
  /** The index of the wheels; undefined where there are none. */
  readonly index: string | undefined;
}

export interface TorchOrder {
  /** Text of the lock. */
  readonly lock: string;
  /** `cpu`, `cu126`; undefined where the user did not say. */
  readonly accelerator: string | undefined;
  readonly target: PythonTarget;
}

/**
 * Chooses the build of PyTorch for what it computes on: the processor unless a GPU is asked for, since PyPI's build for
 * Linux brings gigabytes of libraries that only a GPU uses.
 * @throws UserError AcceleratorMissing and those of {@link selectWheels}
 */
export async function selectTorch(uv: Uv, cache: string, order: TorchOrder, signal: AbortSignal): Promise<Accelerated> {
  const { lock, target, accelerator = 'cpu' } = order;
  const { pins, rest } = takeTorch(lock, order.accelerator !== undefined);
  if (pins.length === 0) return { lock, wheels: [], index: undefined };
  const index = `${torchIndex()}/${accelerator}`;
  const request = {
    subject: `PyTorch for ${accelerator}`,
    requirements: pins.join('\n'),
    constraints: rest,
    dependencies: true,
    target,
    index,
  };
  const chosen = await selectWheels(uv, cache, request, signal).catch((error: unknown) => {
    throw isUserError(error) && error.code === 'DependenciesUnsolvable'
      ? acceleratorMissing(pins.join(', '), accelerator, index, error)
      : error;
  });
  const wheels = chosen.filter(({ distribution }) => !new RegExp(`^${distribution}==`, 'im').test(rest));
  const foreign = wheels.find(({ distribution, version }) => distribution === 'torch' && !version.includes('+'));
  if (foreign !== undefined && !foreign.url.includes(`/${accelerator}/`))
    throw acceleratorMissing(`torch ${foreign.version}`, accelerator, index);
  return { lock: rest, wheels: await Promise.all(wheels.map((wheel) => sized(wheel, signal))), index };
}

/** Where PyTorch's indexes are, one an accelerator; a mirror may stand in. */
function torchIndex(): string {
  return (process.env['SLIPWAY_TORCH_INDEX'] ?? 'https://download.pytorch.org/whl').replace(/\/+$/, '');
}

/** PyTorch's indexes tell no sizes, and these are the gigabytes that the plan is read for. */
async function sized(wheel: Wheel, signal: AbortSignal): Promise<Wheel> {
  return wheel.size === undefined ? { ...wheel, size: await fileSize(wheel, signal) } : wheel;
}

function acceleratorMissing(what: string, accelerator: string, index: string, cause?: unknown): UserError {
  return new UserError('AcceleratorMissing', `${index} has no build of ${what} for ${accelerator}.`, {
    cause,
    remedy: {
      kind: 'hint',
      label:
        'Name another accelerator in slipway.yaml, another version of torch, or a mirror with SLIPWAY_TORCH_INDEX.',
    },
  });
}
