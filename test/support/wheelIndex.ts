import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { writeWheel } from '../unit/image/wheels';

/** A wheel that an index offers. */
export interface OfferedWheel {
  /** Path of the index: `whl/cpu`. */
  readonly index: string;
  readonly name: string;
  readonly version: string;
  readonly requires?: readonly string[];
}

/** An index of packages as static files: a page for each package, hashes in its links, no sizes. */
export interface WheelIndex {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

/** @see https://packaging.python.org/en/latest/specifications/simple-repository-api/#base-html-api */
export async function startWheelIndex(folder: string, offered: readonly OfferedWheel[]): Promise<WheelIndex> {
  const bodies = new Map<string, { readonly type: string; readonly body: Buffer }>();
  for (const { index, name, version, requires = [] } of offered) {
    const file = `${name}-${version}-py3-none-any.whl`;
    const to = path.join(folder, `${index.replaceAll('/', '-')}-${file}`);
    const metadata = [`Metadata-Version: 2.1`, `Name: ${name}`, `Version: ${version}`];
    const lines = [...metadata, ...requires.map((one) => `Requires-Dist: ${one}`)];
    writeWheel(
      to,
      { [`${name}-${version}.dist-info/METADATA`]: `${lines.join('\n')}\n`, [`${name}/__init__.py`]: 'x = 1\n' },
      `${name}-${version}`,
    );
    const body = await readFile(to);
    const address = `/files/${index}/${encodeURIComponent(file)}`;
    bodies.set(decodeURIComponent(address), { type: 'application/octet-stream', body });
    const link = `<a href="${address}#sha256=${createHash('sha256').update(body).digest('hex')}">${file}</a>`;
    bodies.set(`/${index}/${name.replaceAll('_', '-')}/`, {
      type: 'text/html',
      body: Buffer.from(`<!DOCTYPE html><body>${link}</body>`),
    });
  }
  const server = createServer((request, response) => {
    const found = bodies.get(decodeURIComponent(request.url ?? ''));
    response.writeHead(
      found === undefined ? 404 : 200,
      found === undefined ? {} : { 'content-type': found.type, 'content-length': found.body.length },
    );
    response.end(request.method === 'HEAD' ? undefined : found?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
