import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { Settings } from './settings';

/** Reads one path of the API server as JSON, as the administrator; undefined when there is no good answer. */
export function askApi({ server, certificates }: Settings, path: string): Promise<unknown> {
  const { authority, admin } = certificates;
  const options = {
    ca: readFileSync(authority),
    cert: readFileSync(admin.certificate),
    key: readFileSync(admin.key),
    agent: false,
    timeout: 5000,
  };
  return new Promise((resolve) => {
    const give = (answer: unknown): void => {
      resolve(answer);
    };
    const asked = request(new URL(path, server), options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.once('close', () => {
        give(response.statusCode === 200 ? parsed(text) : undefined);
      });
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => {
      give(undefined);
    });
    asked.end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
