import type { Place } from './place';

/** A model of a target, while the right to change it is held. */
export interface Subject {
  readonly place: Place;
  readonly model: string;
  readonly targetId: string;
}
