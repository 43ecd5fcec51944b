/** Who looks after an object of a cluster and undoes what others change of it. */
export interface ObjectOwner {
  /** `Argo CD (shop)`, `ReplicaSet web-1`. */
  readonly name: string;
  /** What comes of a change by others, behind the name: `puts it back when it is applied next`. */
  readonly reaction: string;
}

/** A sentence for each owner, about what was named before. */
export function ownersText(owners: readonly ObjectOwner[]): string {
  return owners.map(({ name, reaction }) => `${name} looks after it, and ${reaction}.`).join(' ');
}
