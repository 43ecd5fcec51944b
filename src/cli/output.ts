import { isUserError, type UserError } from '../core/errors';

/** Where a verb writes: for people, or one JSON object a line for programs. */
export interface Output {
  readonly json: boolean;
  /** One line for people; nothing in JSON mode. */
  say(text: string): void;
  /** One object for programs; nothing for people. */
  emit(value: unknown): void;
  /** A line that the next one replaces, on a terminal only. */
  status(text: string): void;
  failed(error: unknown): void;
  cancelled(): void;
  close(): void;
}

export function jsonOutput(): Output {
  const emit = (value: unknown): void => {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  return {
    json: true,
    say: () => undefined,
    emit,
    status: () => undefined,
    failed: (error) => {
      emit({ event: 'failed', error: errorData(error) });
    },
    cancelled: () => {
      emit({ event: 'cancelled' });
    },
    close: () => undefined,
  };
}

export function terminalOutput(): Output {
  const live = process.stderr.isTTY;
  let open = false;
  const clear = (): void => {
    if (open) process.stderr.write('\r\u001b[2K');
    open = false;
  };
  return {
    json: false,
    say: (text) => {
      clear();
      process.stdout.write(`${text}\n`);
    },
    emit: () => undefined,
    status: (text) => {
      if (!live) return;
      process.stderr.write(`\r\u001b[2K${text.slice(0, Math.max(20, process.stderr.columns - 1))}`);
      open = true;
    },
    failed: (error) => {
      clear();
      process.stderr.write(describeError(error));
    },
    cancelled: () => {
      clear();
      process.stderr.write('Cancelled. Nothing was changed by the step that was under way.\n');
    },
    close: clear,
  };
}

/** An error as data: code, message, place, remedy and what was known beside it. */
export function errorData(error: unknown): Readonly<Record<string, unknown>> {
  if (!isUserError(error))
    return {
      code: 'Bug',
      message: error instanceof Error ? error.message : String(error),
      stack: error instanceof Error ? error.stack : undefined,
    };
  return {
    code: error.code,
    message: error.message,
    remedy: error.remedy?.label,
    location: error.location,
    details: error.details,
  };
}

function describeError(error: unknown): string {
  if (!isUserError(error))
    return `Unexpected error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  return (
    [`Error ${error.code}: ${error.message}`, ...placeOf(error), ...tracebackOf(error), ...remedyOf(error)].join('\n') +
    '\n'
  );
}

function placeOf({ location }: UserError): readonly string[] {
  if (location === undefined) return [];
  const cell = location.cell === undefined ? '' : `, cell ${location.cell}`;
  const line = location.line === undefined ? '' : `, line ${String(location.line)}`;
  return [`  at ${location.file}${cell}${line}`];
}

function tracebackOf({ details }: UserError): readonly string[] {
  const { traceback } = details;
  const reason = (details['reason'] ?? {}) as { readonly traceback?: string; readonly logTail?: readonly string[] };
  if (Array.isArray(traceback)) return traceback.map((line) => `  ${String(line)}`);
  if (reason.traceback !== undefined) return [indented(reason.traceback)];
  return reason.logTail === undefined ? [] : ['  Its log ends with:', indented(reason.logTail.slice(-10).join('\n'))];
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function remedyOf({ remedy }: UserError): readonly string[] {
  return remedy?.kind === 'hint' ? [`  ${remedy.label}`] : [];
}
