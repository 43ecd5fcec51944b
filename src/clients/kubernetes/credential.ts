import { X509Certificate } from 'node:crypto';

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

/** What a server that refuses a client certificate does not tell: that its time is over. */
export function certificateNote(status: number, { cert }: Credential): string {
  if (status !== 401 || cert === undefined) return '';
  try {
    const { validTo } = new X509Certificate(cert);
    const end = new Date(validTo);
    return end.getTime() < Date.now() ? `Your certificate ended on ${end.toISOString().slice(0, 10)}.` : '';
  } catch {
    return '';
  }
}
