/** What proves who we are; certificates in PEM. */
export interface Credential {
  readonly token?: string;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly username?: string;
  readonly password?: string;
  /** Milliseconds since the epoch; absent where it does not tell. */
  readonly expires?: number;
}
