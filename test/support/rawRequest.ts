import { request } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** Sends bytes exactly as given. */
export function sendRaw(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  return send(url, headers, async (write) => {
    await write(body);
  });
}

/** Streams a body of zeros of that size in pieces, as long as the server takes them, with or without telling the size. */
export function sendZeros(url: string, bytes: number, tellSize: boolean): Promise<RawAnswer> {
  const piece = Buffer.alloc(1024 * 1024);
  const headers: Record<string, string> = tellSize
    ? { 'content-length': String(bytes) }
    : { 'transfer-encoding': 'chunked' };
  return send(url, headers, async (write) => {
    for (let sent = 0; sent < bytes; sent += piece.length) {
      if (!(await write(piece))) return;
    }
  });
}

type Write = (piece: string | Buffer) => Promise<boolean>;

function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  produce: (write: Write) => Promise<void>,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let isOpen = true;
    const sent = request(
      url,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          isOpen = false;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          });
          sent.destroy();
        });
      },
    );
    sent.once('error', (error) => {
      isOpen = false;
      reject(error);
    });
    const write: Write = (piece) =>
      new Promise((next) => {
        if (!isOpen) next(false);
        else
          sent.write(piece, (error) => {
            next(error === undefined || error === null);
          });
      });
    void produce(write).then(() => {
      if (isOpen) sent.end();
    });
  });
}
