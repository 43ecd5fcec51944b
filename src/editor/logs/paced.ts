export interface Paced {
  /** Asks for a run: at once when the last one is long enough ago, else when it is. Several requests make one run. */
  request(): void;
  close(): void;
}

/** A timer that tests replace; returns what stops it. */
export type Schedule = (body: () => void, ms: number) => () => void;

const realSchedule: Schedule = (body, ms) => {
  const timer = setTimeout(body, ms);
  return () => {
    clearTimeout(timer);
  };
};

/** Runs `body` at most once every `intervalMs`, and always once after the last request. */
export function paced(body: () => void, intervalMs: number, schedule: Schedule = realSchedule): Paced {
  let resting: (() => void) | undefined;
  let wanted = false;
  const run = (): void => {
    wanted = false;
    resting = schedule(() => {
      resting = undefined;
      if (wanted) run();
    }, intervalMs);
    body();
  };
  return {
    request: () => {
      wanted = true;
      if (resting === undefined) run();
    },
    close: () => {
      resting?.();
      resting = () => undefined;
    },
  };
}
