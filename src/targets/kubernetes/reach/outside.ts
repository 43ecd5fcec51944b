import { findObject } from '../../../clients/kubernetes/change';
import type { DeployedModel } from '../../../core/deployment';
import { isUserError } from '../../../core/errors';
import { isOutside, type Exposure } from '../../../core/exposure';
import { inertText } from '../../../core/inertText';
import { addressesOf, addressFacts, type AddressFacts } from './addresses';
import { routeKindsOf } from '../manifests/exposure';
import { isPodReady, type Route, type Snapshot } from '../objects';
import type { Place } from '../place';
import { whyUnreachable } from './probe';
import { modelName, releasesOf } from '../state/state';

/** How long an answer counts, and how soon what did not answer is asked again. */
const againMs = { answered: 60_000, silent: 5000 };

type Told = { readonly url: string } | { readonly problem: string };

interface Known {
  /** What the question was. */
  readonly about: string;
  /** Undefined before the first answer. */
  readonly told: Told | undefined;
  readonly at: number;
}

interface Question {
  readonly name: string;
  readonly exposure: Exposure;
  readonly facts: AddressFacts;
  readonly health: string;
}

/** Asks the models once at their addresses. */
export async function withAddresses(
  place: Place,
  models: readonly DeployedModel[],
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<readonly DeployedModel[]> {
  const outside = new OutsideAddresses(place, signal);
  outside.tell(models, snapshot);
  await outside.settled();
  return outside.tell(models, snapshot);
}

/** Knows of each model that is exposed whether it answers at its address, by asking there from here. */
export class OutsideAddresses {
  readonly #place: Place;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(place: Place, signal: AbortSignal) {
    this.#place = place;
    this.#signal = signal;
  }

  /** Whether there is something to ask now and then. */
  get isNeeded(): boolean {
    return this.#known.size > 0;
  }

  /** The models with what is known of their addresses. What is not known, or not any more, is being asked from now on. */
  tell(models: readonly DeployedModel[], snapshot: Snapshot): readonly DeployedModel[] {
    const names = new Set<string>();
    const told = models.map((model) => {
      const question = questionOf(model, snapshot);
      if (question === undefined) return model;
      names.add(model.name);
      return { ...model, ...this.#answer(question) };
    });
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    return told;
  }

  /** Once all that is being asked has been answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#asking.values());
  }

  #answer(question: Question): Partial<DeployedModel> {
    const about = JSON.stringify(question);
    const known = this.#known.get(question.name);
    const isSame = known?.about === about;
    if (!isSame || isOld(known)) this.#ask(question, about);
    const told = isSame ? known.told : undefined;
    if (told === undefined) return { endpointProblem: 'its address beyond is being asked' };
    return 'url' in told ? { endpoint: told.url, endpointIsInside: false } : { endpointProblem: told.problem };
  }

  #ask(question: Question, about: string): void {
    const { name } = question;
    if (this.#asking.has(name)) return;
    const before = this.#known.get(name);
    const note = (told: Told | undefined): void => {
      this.#known.set(name, { about, told, at: performance.now() });
    };
    note(before?.about === about ? before.told : undefined);
    const asking = ask(this.#place, question, this.#signal).then(note, () => undefined);
    this.#asking.set(
      name,
      asking.finally(() => this.#asking.delete(name)),
    );
  }
}

function isOld({ told, at }: Known): boolean {
  return performance.now() - at > (told !== undefined && 'url' in told ? againMs.answered : againMs.silent);
}

/** Nothing is asked of a model of which no replica is ready. */
function questionOf({ name, exposure, endpoint, version }: DeployedModel, snapshot: Snapshot): Question | undefined {
  const release = releasesOf(snapshot, name).find((one) => one.spec.version === version)?.spec;
  if (!isOutside(exposure) || endpoint === undefined || release === undefined) return undefined;
  const service = snapshot.services.find((one) => modelName(one) === name);
  const pods = snapshot.pods.filter((pod) => modelName(pod) === name && isPodReady(pod));
  return { name, exposure, facts: addressFacts(service, pods), health: release.image.health };
}

async function ask(place: Place, question: Question, signal: AbortSignal): Promise<Told> {
  try {
    return await askThere(place, question, signal);
  } catch (error) {
    // Such as of somebody who may not look at Ingresses.
    if (signal.aborted || !isUserError(error)) throw error;
    return { problem: inertText(error.message) };
  }
}

async function askThere(place: Place, { name, exposure, facts, health }: Question, signal: AbortSignal): Promise<Told> {
  const route = await routeOf(place, name, exposure, signal);
  const addresses = addressesOf(exposure, facts, route);
  if (addresses.kind === 'none') return { problem: inertText(addresses.why) };
  const answers = await Promise.all(
    addresses.urls.map(async (url) => ({ url, why: await whyUnreachable(url + health, signal) })),
  );
  const good = answers.find(({ why }) => why === undefined);
  if (good !== undefined) return { url: good.url };
  const [first = { url: '', why: '' }] = answers;
  return { problem: inertText(`${first.url} is not reachable from here: ${first.why ?? ''}`) };
}

async function routeOf(
  { client, namespace }: Place,
  name: string,
  exposure: Exposure,
  signal: AbortSignal,
): Promise<Route | undefined> {
  const [resource] = routeKindsOf(exposure);
  return resource && findObject<Route>(client, { resource, namespace, name }, signal);
}
