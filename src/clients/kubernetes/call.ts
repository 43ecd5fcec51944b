/** One request to an API server. */
export interface KubeCall {
  /** Completes "you are not allowed to …". */
  readonly what: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Whether the answer may come compressed, which makes lists a tenth as long. */
  readonly compressed?: boolean;
  /** How long the server may take to begin its answer, and to say nothing within it. */
  readonly silenceMs?: number;
  /** Changes nothing though it sends an object. */
  readonly isQuestion?: boolean;
  /** That the server wants to be asked later is an answer about what was asked: nothing waits for it. */
  readonly once?: boolean;
}
