const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `15m`, `1h30m`, `2d` in seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}[smhd])+$/.test(text)) return undefined;
  return [...text.matchAll(/(?<count>\d+)(?<unit>[smhd])/g)].reduce(
    (sum, { groups }) => sum + Number(groups?.['count']) * (units[groups?.['unit'] ?? ''] ?? 0),
    0,
  );
}

/** A moment, as RFC 3339: a duration before now, or a date. @returns undefined for what is neither */
export function parseSince(text: string, now: number): string | undefined {
  const seconds = parseDuration(text);
  const ms = seconds === undefined ? Date.parse(text) : now - seconds * 1000;
  // Beyond these no date can be written.
  return Number.isNaN(ms) || Math.abs(ms) > 8.64e15 ? undefined : new Date(ms).toISOString();
}
