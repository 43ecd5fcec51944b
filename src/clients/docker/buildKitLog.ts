import { inertText } from '../../core/inertText';
import { lineSplitter } from '../process/lines';
import { errorOf, exitOf, imageIdOf, mostLines, type BuildLog, type FailedStep } from './buildLog';
import { decodeMessage, messagesOf, textOf, type ProtoFields } from './protobuf';

/**
 * Field numbers of `StatusResponse` and what it holds.
 * @see https://github.com/moby/buildkit/blob/v0.23.2/api/services/control/control.proto
 */
const status = { vertexes: 1, logs: 3 } as const;
const vertex = { digest: 1, name: 3, cached: 4, started: 5, completed: 6, error: 7 } as const;
const log = { vertex: 1, message: 4 } as const;

interface Step {
  readonly name: string;
  readonly split: ReturnType<typeof lineSplitter>;
  lines: readonly string[];
  error: string;
  isTold: boolean;
}

/** The log of BuildKit, which tells the state of a graph of steps, several of which may run at once. */
export function buildKitLog(onLine: (line: string) => void): BuildLog {
  const steps = new Map<string, Step>();
  let imageId: string | undefined;
  let refused: string | undefined;

  const stepFor = (digest: string, name: string): Step => {
    const known = steps.get(digest);
    if (known !== undefined) return known;
    const split = lineSplitter((raw) => {
      const line = inertText(raw);
      step.lines = [...step.lines.slice(1 - mostLines), line];
      onLine(`  ${line}`);
    });
    const step: Step = { name: inertText(name), split, lines: [], error: '', isTold: false };
    steps.set(digest, step);
    return step;
  };

  const takeVertex = (fields: ProtoFields): void => {
    const step = stepFor(textOf(fields, vertex.digest), textOf(fields, vertex.name));
    const isCached = fields.get(vertex.cached)?.at(-1) === 1;
    // Steps of the Dockerfile stand in brackets; the others are the engine's own business.
    if (!step.isTold && (fields.has(vertex.started) || isCached) && step.name.startsWith('[')) {
      step.isTold = true;
      onLine(isCached ? `${step.name} (cached)` : step.name);
    }
    step.error = textOf(fields, vertex.error) || step.error;
    if (fields.has(vertex.completed)) step.split.flush();
  };

  const takeTrace = (aux: string): void => {
    const message = decodeMessage(Buffer.from(aux, 'base64'));
    for (const fields of messagesOf(message, status.vertexes)) takeVertex(fields);
    for (const fields of messagesOf(message, status.logs)) {
      steps.get(textOf(fields, log.vertex))?.split.push(textOf(fields, log.message));
    }
  };

  return {
    take: (message) => {
      if (message.id === 'moby.buildkit.trace' && typeof message.aux === 'string') takeTrace(message.aux);
      imageId ??= imageIdOf(message.aux);
      refused ??= errorOf(message);
    },
    imageId: () => imageId,
    failure: () => (refused === undefined ? undefined : failedStep([...steps.values()], refused)),
  };
}

/** What ran beside the step that failed was cancelled, and says so. */
function failedStep(steps: readonly Step[], refused: string): FailedStep {
  const failed = steps.find(({ error }) => error !== '' && !error.includes('context canceled'));
  if (failed === undefined) return { why: refused, lines: [] };
  const found = /^\[(?:\S+ )?(?<step>\d+\/\d+)\] (?<instruction>.*)$/.exec(failed.name)?.groups;
  const why = exitOf(failed.error) ?? failed.error;
  if (found === undefined) return { instruction: failed.name, why, lines: failed.lines };
  return { step: found['step'] ?? '', instruction: found['instruction'] ?? '', why, lines: failed.lines };
}
