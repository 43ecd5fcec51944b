import { spawn } from 'node:child_process';
import http from 'node:http';
import { Duplex } from 'node:stream';
import type { SshAddress } from './address';

const connectSeconds = 30;

/**
 * Connects to an engine through `ssh … docker system dial-stdio`, as the `docker` command does: the user's ssh
 * configuration, agent, jump hosts and known hosts count. Every connection is a process of its own.
 */
export class SshAgent extends http.Agent {
  readonly #address: SshAddress;

  constructor(address: SshAddress) {
    super({ keepAlive: false });
    this.#address = address;
  }

  override createConnection(): Duplex {
    return dial(this.#address);
  }
}

/** Arguments of `ssh`. The host stands behind `--`, so that it is never taken for an option. */
export function sshArguments({ host, user, port, socket }: SshAddress): readonly string[] {
  return [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', port]),
    ...['-o', `ConnectTimeout=${connectSeconds}`, '-T', '--', host, 'docker'],
    ...(socket === undefined ? [] : ['--host', `unix://${quoted(socket)}`]),
    ...['system', 'dial-stdio'],
  ];
}

/** ssh hands the command to a shell on the other machine. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function dial(address: SshAddress): Duplex {
  const child = spawn('ssh', sshArguments(address), { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  let said = '';
  const stream = new Duplex({
    read: () => {
      child.stdout.resume();
    },
    // A program that ended tells why when it is closed; that its input is gone says less.
    write: (chunk: Buffer, _, done) => {
      child.stdin.write(chunk, () => {
        done();
      });
    },
    final: (done) => {
      child.stdin.end(done);
    },
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  child.once('error', (cause) => {
    stream.destroy(new Error(`the program ssh could not be started (${cause.message})`));
  });
  child.once('close', (code) => {
    if (code === 0) stream.push(null);
    else stream.destroy(new Error(`ssh ended with ${String(code)}: ${said.trim()}`));
  });
  return stream;
}
