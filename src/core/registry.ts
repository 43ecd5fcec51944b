/** One layer of an image in a registry. */
export interface ImageLayer {
  readonly digest: string;
  /** As it lies in the registry, usually compressed. */
  readonly bytes: number;
  /** What its builder said that it holds. */
  readonly title?: string;
  /** The one that needs it, of an image for several: `linux/arm64`. */
  readonly platform?: string;
}

/** A tag of a repository, with the image that it names now. */
export interface ImageTag {
  readonly tag: string;
  readonly digest: string;
  readonly layers: readonly ImageLayer[];
  /** The model that Slipway put into it; absent for an image of something else. */
  readonly model?: string;
  /** Digest of the bundle in it, by which releases of this machine know it. */
  readonly bundle?: string;
  /** When it was pushed, if it was from this machine. ISO 8601. */
  readonly pushedAt?: string;
  /** Folder of the project that it came from, if that is known on this machine. Absolute. */
  readonly project?: string;
}

/** A repository that holds images of Slipway. */
export interface ImageRepository {
  readonly name: string;
  readonly model?: string;
  readonly project?: string;
}

/** Some of a list, and how the rest is asked for. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Hand it over to get the next page; absent on the last one. */
  readonly next?: string;
  /** Why the list may be incomplete. */
  readonly note?: string;
}
