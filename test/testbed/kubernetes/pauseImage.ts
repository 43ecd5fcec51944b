import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { paddingOf, tarEnd, tarHeader } from '../../../src/build/image/tar';
import { pushBase } from '../docker/baseImage';
import { pauseImage } from './settings';

/** Pushes the image that holds a pod's namespaces while its containers come and go. */
export async function pushPause(host: string, programs: string, folder: string): Promise<void> {
  const content = readFileSync(path.join(programs, 'pause'));
  const header = tarHeader({ kind: 'file', path: 'pause', size: content.length, executable: true });
  const archive = path.join(folder, 'pause.tar.gz');
  await writeFile(archive, gzipSync(Buffer.concat([header, content, Buffer.alloc(paddingOf(content.length)), tarEnd])));
  await pushBase(host, archive, pauseImage, { Entrypoint: ['/pause'], User: '65535:65535' });
}
