import { monthsAfter, releasedOn } from '../clients/python/pythonReleases';

/** Months after the release of a Python at which its wheels are looked for: close together first, when most appear. */
const steps = [1, 2, 3, 4, 6, 9, 12, 18, 24];

/**
 * The days as of which the packages of a notebook may be solved, the one of its last change first. The others lie after the
 * release of the Python that runs it: before, nobody had made wheels for that Python.
 * @param lastChange ISO date
 * @param python minor version
 * @param today `2026-11-24`
 */
export function solvingDates(lastChange: string, python: string, today: string): readonly string[] {
  const release = releasedOn(python);
  const later = release === undefined ? [] : steps.map((months) => monthsAfter(release, months));
  return [lastChange, ...later.filter((day) => day > lastChange.slice(0, 10) && day <= today)];
}
