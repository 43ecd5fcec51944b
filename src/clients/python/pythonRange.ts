import { satisfies } from '@renovatebot/pep440';

/** Whether some Python of a minor version fits a specifier: its first release, or a late one. */
export function mayFit(minor: string, specifier: string): boolean {
  return satisfies(`${minor}.0`, specifier) || satisfies(`${minor}.99`, specifier);
}
