/** What our server writes from time to time: how many lines it and what runs in it have written. */
const countLine = /^slipway: (?<count>\d{1,15}) lines so far$/;
/** Lines of standard output and standard error overtake one another; fewer than so many that are missing may only be late. */
const fewest = 256;

/** Counts the lines of one container, and compares with what its server has counted. */
export class LineCount {
  /** What the server had counted at its last word; undefined before it. */
  #at: number | undefined;
  #seen = 0;
  #hasHole = false;

  /** @param isWhole the first line to come is the first one of the container */
  constructor(isWhole: boolean) {
    this.#at = isWhole ? 0 : undefined;
  }

  /** Lines are known to be missing here; how many will be told. */
  hole(): void {
    this.#hasHole = true;
  }

  /** @returns how many lines were lost before this one; undefined for a line that is no count */
  take(text: string): number | undefined {
    const count = text.startsWith('slipway: ') ? countLine.exec(text)?.groups?.['count'] : undefined;
    if (count === undefined) {
      this.#seen++;
      return undefined;
    }
    const lost = this.#at === undefined ? 0 : Number(count) - this.#at - this.#seen;
    const isSure = lost > 0 && (this.#hasHole || lost >= fewest);
    this.#at = Number(count);
    this.#seen = 0;
    this.#hasHole = false;
    return isSure ? lost : 0;
  }
}
