import type { ConsentQuestion } from '../core/deploy';

/** What a person should know before a notebook is executed on their machine. */
export function describeConsent(question: ConsentQuestion): string {
  const recorded =
    question.recordedSeconds === undefined
      ? ''
      : `, which took ${question.recordedSeconds.toFixed(0)} s when it was last run`;
  return [
    `Deploying executes ${question.notebook} of ${question.project}: ${String(question.cells)} cells${recorded}.`,
    ...question.shellMagics.map((text) => `  It runs the shell command: ${text}`),
    ...question.outsidePaths.map((path) => `  It names a path outside the project: ${path}`),
  ].join('\n');
}
