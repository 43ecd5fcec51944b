/** Collects pieces of text and hands on each complete line; `flush` hands on what is left. */
export function lineSplitter(onLine: (line: string) => void): {
  readonly push: (text: string) => void;
  readonly flush: () => void;
} {
  let rest = '';
  return {
    push: (text) => {
      const parts = (rest + text).split(/\r?\n/);
      rest = parts.pop() ?? '';
      for (const part of parts) onLine(part);
    },
    flush: () => {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
