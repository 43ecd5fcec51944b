import path from 'node:path';
import { choosePython } from '../build/choosePython';
import { baseReference, describeLibc, openBase, type Base } from '../build/image/openBase';
import { pythonForBase } from '../build/image/pythonForBase';
import { Registry } from '../clients/registry/connection';
import type { CredentialSource } from '../clients/registry/dockerConfig';
import type { DeployHost } from '../core/deploy';
import { parseImageReference, type ImageReference, type Platform } from '../core/image';
import type { Project } from '../core/project';
import type { Services } from './services';
import { step } from './step';

/** One {@link Registry} a host, however many images are read from it and pushed to it. */
export class Registries {
  readonly #insecure: ReadonlySet<string>;
  readonly #credentials: CredentialSource | undefined;
  readonly #opened = new Map<string, Registry>();

  /**
   * @param insecure hosts that may be spoken to without encryption
   * @param credentials what was typed, before what Docker's configuration has
   */
  constructor(insecure: readonly string[], credentials?: CredentialSource) {
    this.#insecure = new Set(insecure);
    this.#credentials = credentials;
  }

  get(host: string): Registry {
    const credentials = this.#credentials;
    const options = { insecure: this.#insecure.has(host), ...(credentials === undefined ? {} : { credentials }) };
    const registry = this.#opened.get(host) ?? new Registry(host, options);
    this.#opened.set(host, registry);
    return registry;
  }

  get requests(): number {
    return [...this.#opened.values()].reduce((sum, { traffic }) => sum + traffic.requests, 0);
  }

  get uploadedBytes(): number {
    return [...this.#opened.values()].reduce((sum, { traffic }) => sum + traffic.uploadedBytes, 0);
  }
}

/** A project with the base that it goes onto, and with the Python of that base. */
export interface Based {
  readonly base: Base;
  readonly project: Project;
}

/**
 * Opens the base image of a project: the one that is named, else Python's official one for the project's Python.
 * @throws UserError BasePythonMismatch, ImageReferenceInvalid and those of {@link openBase}
 */
export async function onBase(
  services: Services,
  host: DeployHost,
  registries: Registries,
  request: { readonly project: Project; readonly base: string | undefined; readonly platform: Platform },
  signal: AbortSignal,
): Promise<Based> {
  return step(host, 'base', 'Reading the base image', async () => {
    const reference = await chooseBase(services, request.project, request.base, signal);
    const registry = registries.get(reference.registry);
    const base = await openBase(registry, reference, request.platform, basesIn(services), signal);
    const python = pythonForBase(request.project.python, baseReference(base), base.facts.minor);
    return { result: { base, project: { ...request.project, python } }, message: describeBase(base) };
  });
}

/**
 * The same base for further platforms. What was trained for the Python of the first one must run on each.
 * @throws UserError PlatformMissing, BasePythonMismatch and those of {@link openBase}
 */
export async function furtherBases(
  services: Services,
  { registry, image, facts }: Base,
  platforms: readonly Platform[],
  signal: AbortSignal,
): Promise<readonly Base[]> {
  const cache = basesIn(services);
  const bases = await Promise.all(
    platforms.map((platform) => openBase(registry, image.reference, platform, cache, signal)),
  );
  for (const base of bases)
    pythonForBase({ version: facts.minor, source: 'the other platforms' }, baseReference(base), base.facts.minor);
  return bases;
}

function basesIn({ home }: Services): string {
  return path.join(home.images, 'bases');
}

export function describeBase({ facts }: Base): string {
  return `Python ${facts.minor} at ${facts.python}, ${describeLibc(facts)}`;
}

async function chooseBase(
  services: Services,
  project: Project,
  named: string | undefined,
  signal: AbortSignal,
): Promise<ImageReference> {
  if (named !== undefined) return parseImageReference(named);
  const { interpreters } = await services.uv(signal);
  return parseImageReference(`python:${choosePython(project.python, interpreters).interpreter.minor}-slim`);
}
