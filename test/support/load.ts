import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What the clients of one load saw. */
export interface LoadReport {
  /** Answers by connection kind. */
  readonly answered: { readonly keepAlive: number; readonly fresh: number };
  /** Different bodies of answers, in the order of their first appearance. */
  readonly bodies: readonly string[];
  /** What went wrong: a broken connection or a status other than 200. */
  readonly failures: readonly string[];
  /** When the last of them failed, by `performance.now()`. */
  readonly lastFailureAt: number | undefined;
}

export interface Load {
  /** Resolves when each client was answered this many times more. */
  answers(more: number): Promise<void>;
  /** Lets every request end and tells what was seen. */
  stop(): Promise<LoadReport>;
}

interface Client {
  readonly kind: 'keepAlive' | 'fresh';
  readonly agent: Agent;
  answered: number;
}

/** Two clients that keep their connection and two that open one for each request. */
const kinds = ['keepAlive', 'keepAlive', 'fresh', 'fresh'] as const;

export interface LoadOptions {
  /** How long an answer is waited for. */
  readonly limitMs?: number;
  /** How long a client rests after an answer. */
  readonly pauseMs?: number;
}

/** Sends one body to a URL over and over, until stopped. No request is repeated: a failure is counted. */
export function startLoad(url: string, body: string, { limitMs = 60_000, pauseMs = 15 }: LoadOptions = {}): Load {
  const clients: Client[] = kinds.map((kind) => ({
    kind,
    agent: new Agent({ keepAlive: kind === 'keepAlive', maxSockets: 1 }),
    answered: 0,
  }));
  const bodies = new Set<string>();
  const failures: string[] = [];
  let lastFailureAt: number | undefined;
  const fail = (failure: string): void => {
    failures.push(failure);
    lastFailureAt = performance.now();
  };
  let running = true;
  const run = async (client: Client): Promise<void> => {
    while (running) {
      try {
        const { status, text } = await post(url, body, client.agent, limitMs);
        if (status === 200) bodies.add(text);
        else fail(`${client.kind}: ${String(status)} ${text}`);
        client.answered++;
      } catch (error) {
        fail(`${client.kind}: ${String(error)}`);
      }
      await delay(pauseMs);
    }
    client.agent.destroy();
  };
  const running_ = clients.map(run);
  return {
    answers: async (more) => {
      const goals = clients.map((client) => client.answered + more);
      while (running && failures.length < 100 && clients.some((client, index) => client.answered < (goals[index] ?? 0)))
        await delay(pauseMs);
    },
    stop: async () => {
      running = false;
      await Promise.all(running_);
      const count = (kind: Client['kind']): number =>
        clients.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.answered, 0);
      const answered = { keepAlive: count('keepAlive'), fresh: count('fresh') };
      return { answered, bodies: [...bodies], failures, lastFailureAt };
    },
  };
}

function post(
  url: string,
  body: string,
  agent: Agent,
  limitMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers, timeout: limitMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${limitMs / 1000} s`)));
    sent.once('error', reject);
    sent.end(body);
  });
}
