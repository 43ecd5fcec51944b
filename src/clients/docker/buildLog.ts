import { inertText } from '../../core/inertText';
import { lineSplitter } from '../process/lines';

/** One line of the engine's answer to a build, a pull or a push. */
export interface EngineMessage {
  readonly id?: string;
  readonly stream?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly aux?: unknown;
}

/** Where a build failed. */
export interface FailedStep {
  /** `2/3`; undefined where the engine does not count, or where no step was reached. */
  readonly step?: string;
  /** `RUN pip install …`, as it stands in the Dockerfile, on one line. */
  readonly instruction?: string;
  readonly why: string;
  /** The last lines that the step printed. */
  readonly lines: readonly string[];
}

/** Follows a build: tells each line once, and knows afterwards what came of it. */
export interface BuildLog {
  take(message: EngineMessage): void;
  /** `sha256:…` once the image is there. */
  imageId(): string | undefined;
  /** Undefined while nothing failed. */
  failure(): FailedStep | undefined;
}

export const mostLines = 30;

/** The log of the classic builder: a stream of text with a line before each step. */
export function classicLog(onLine: (line: string) => void): BuildLog {
  let imageId: string | undefined;
  let failure: FailedStep | undefined;
  let step: { readonly step: string; readonly instruction: string } | undefined;
  let lines: string[] = [];
  const splitter = lineSplitter((raw) => {
    const line = inertText(raw);
    if (line === '') return;
    onLine(line);
    const found = /^Step (?<step>\d+\/\d+) : (?<instruction>.*)$/.exec(line)?.groups;
    if (found !== undefined) {
      step = { step: found['step'] ?? '', instruction: found['instruction'] ?? '' };
      lines = [];
    } else if (!line.startsWith(' ---> ')) lines = [...lines.slice(1 - mostLines), line];
  });
  return {
    take: (message) => {
      if (message.stream !== undefined) splitter.push(message.stream);
      const status = statusLine(message);
      if (status !== undefined) onLine(status);
      imageId ??= imageIdOf(message.aux);
      const error = errorOf(message);
      if (error === undefined) return;
      splitter.flush();
      failure = { ...step, why: exitOf(error) ?? error, lines };
    },
    imageId: () => imageId,
    failure: () => failure,
  };
}

/** What pulling and pushing say of a layer; progress bars are left out. */
export function statusLine({ id, status, progressDetail }: EngineMessage): string | undefined {
  if (status === undefined || progressDetail?.current !== undefined) return undefined;
  return inertText(id === undefined ? status : `${id}: ${status}`);
}

export function imageIdOf(aux: unknown): string | undefined {
  const id = typeof aux === 'object' && aux !== null && 'ID' in aux ? aux.ID : undefined;
  return typeof id === 'string' ? id : undefined;
}

export function errorOf({ error, errorDetail }: EngineMessage): string | undefined {
  return errorDetail?.message ?? error;
}

/** Both builders say in many words that a command failed. */
export function exitOf(error: string): string | undefined {
  const code = /(?:exit code: |non-zero code: )(?<code>\d+)/.exec(error)?.groups?.['code'];
  return code === undefined ? undefined : `its command ended with ${code}`;
}
