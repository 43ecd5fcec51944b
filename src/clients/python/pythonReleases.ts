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

/** The days of the patch releases of some minor versions, `.1` first. */
const patches: Readonly<Record<string, string>> = {
  '3.6': '2017-03-21 2017-07-17 2017-10-03 2017-12-19 2018-03-28 2018-06-27 2018-10-20 2018-12-24',
  '3.7':
    '2018-10-20 2018-12-24 2019-03-25 2019-07-08 2019-10-15 2019-12-18 2020-03-10 2020-06-27 2020-08-17 2021-02-15 2021-06-28 2021-09-04 2022-03-16 2022-09-06 2022-10-11 2022-12-06 2023-06-06',
  '3.8':
    '2019-12-18 2020-02-24 2020-05-13 2020-07-13 2020-07-20 2020-09-24 2020-12-21 2021-02-19 2021-04-02 2021-05-03 2021-06-28 2021-08-30 2022-03-16 2022-09-06 2022-10-11 2022-12-06 2023-06-06 2023-08-24 2024-03-19 2024-09-06',
  '3.9':
    '2020-12-07 2021-02-19 2021-04-02 2021-04-04 2021-05-03 2021-06-28 2021-08-30 2021-11-05 2021-11-15 2022-01-14 2022-03-16 2022-03-23 2022-05-17 2022-09-06 2022-10-11 2022-12-06 2023-06-06 2023-08-24 2024-03-19 2024-09-06',
};

/** The earliest day on which something can have been run with a version such as `3.7.7`; its minor's where the patch is not known. */
export function notBefore(version: string): string | undefined {
  const [, minor = '', patch = '0'] = /^(3\.\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return patches[minor]?.split(' ')[Number(patch) - 1] ?? releases[minor];
}

/** The day that lies some months after a day, both `2020-10-05`. */
export function monthsAfter(day: string, months: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 10);
}
