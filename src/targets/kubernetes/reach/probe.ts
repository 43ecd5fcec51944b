const answerMs = 2000;

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'this machine knows no such name',
  EAI_AGAIN: 'names cannot be looked up now',
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection breaks',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
};

/**
 * Why what should answer at an address does not, in a few words; undefined when it answers.
 * @param url of what answers 2xx when it can predict
 */
export async function whyUnreachable(url: string, signal: AbortSignal): Promise<string | undefined> {
  const patience = AbortSignal.timeout(answerMs);
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { connection: 'close' },
      signal: AbortSignal.any([signal, patience]),
    });
    await response.arrayBuffer();
    return response.ok ? undefined : `it answers ${String(response.status)}`;
  } catch (error) {
    signal.throwIfAborted();
    if (patience.aborted) return `no answer within ${String(answerMs / 1000)} seconds`;
    return causeOf(error);
  }
}

/** `fetch` says only that it failed; what did is below. */
function causeOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: string; readonly message?: string } };
  const { code = '', message = String(error) } = cause ?? {};
  return reasons[code] ?? message;
}
