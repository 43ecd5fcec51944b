import type { LogEntry } from './followLogs';

/** Which lines of a log are shown. */
export interface LogFilter {
  /** As the user wrote it. */
  readonly text: string;
  matches(entry: LogEntry): boolean;
}

interface Terms {
  readonly source: string | undefined;
  readonly stream: string | undefined;
  readonly not: boolean;
  readonly rest: string;
}

/**
 * Reads a filter: words as they are, in either case; `/expression/` as a regular expression; `!` before it for the
 * lines that do not match; before all of it `source:3/0`, `source:3` or `stream:stderr`. Gaps always match, and so
 * does the supervisor unless `source:` names another.
 * @returns undefined for an empty filter
 * @throws SyntaxError for a broken expression
 */
export function parseFilter(text: string): LogFilter | undefined {
  const terms = termsOf(text.trim());
  if (text.trim() === '') return undefined;
  const matchesText = textMatcher(terms.rest);
  return {
    text: text.trim(),
    matches: (entry) => {
      if (entry.kind !== 'line') return true;
      const { source, stream, text: said } = entry.line;
      if (terms.source !== undefined && source !== terms.source && !source.startsWith(`${terms.source}/`)) return false;
      if (terms.stream !== undefined && stream !== terms.stream) return false;
      if (source === 'supervisor' && terms.source === undefined) return true;
      return matchesText(said) !== terms.not;
    },
  };
}

function termsOf(text: string): Terms {
  let rest = text;
  let source: string | undefined;
  let stream: string | undefined;
  for (;;) {
    const match = /^(?<key>source|stream):(?<value>\S+)\s*/.exec(rest);
    if (match === null) break;
    if (match.groups?.['key'] === 'source') source = match.groups['value'];
    else stream = match.groups?.['value'];
    rest = rest.slice(match[0].length);
  }
  const not = rest.startsWith('!');
  return { source, stream, not, rest: not ? rest.slice(1).trim() : rest };
}

function textMatcher(text: string): (line: string) => boolean {
  const expression = /^\/(?<source>.+)\/(?<flags>[imsu]*)$/.exec(text)?.groups;
  if (expression !== undefined) {
    const pattern = new RegExp(expression['source'] ?? '', expression['flags'] ?? '');
    return (line) => pattern.test(line);
  }
  const wanted = text.toLowerCase();
  return (line) => line.toLowerCase().includes(wanted);
}
