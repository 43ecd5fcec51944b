/** The first day of each minor version of CPython (PEPs 494 to 790). */
const releases: Readonly<Record<string, string>> = {
  '3.6': '2016-12-23',
  '3.7': '2018-06-27',
  '3.8': '2019-10-14',
  '3.9': '2020-10-05',
  '3.10': '2021-10-04',
  '3.11': '2022-10-24',
  '3.12': '2023-10-02',
  '3.13': '2024-10-07',
  '3.14': '2025-10-07',
  '3.15': '2026-10-01',
};

/** The day of the release of a minor version such as `3.11`; undefined for one that this table does not know. */
export function releasedOn(minor: string): string | undefined {
  return releases[minor];
}

/** The day that lies some months after a day, both `2020-10-05`. */
export function monthsAfter(day: string, months: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 10);
}
