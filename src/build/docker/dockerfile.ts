import { healthPath, imageEnvironment, imageLabels, imageUser, serveCommand, serverPort } from '../image/imageConfig';
import type { ImageLabels } from '../image/imageConfig';
import { imagePaths } from '../image/imagePaths';
import type { SourceFile } from '../image/planLayers';
import type { BaseFacts } from '../image/probeBase';
import { splitFiles } from '../image/splitFiles';
import type { PackageIndexes } from '../../clients/python/packageIndex';
import type { Wheel } from '../../clients/python/selectWheels';
import { isDebianPackage } from '../../core/debianPackage';
import type { ContextFile } from './context';

/** What a Dockerfile is written from: the same parts that the daemonless builder makes layers of. */
export interface DockerfileParts {
  readonly facts: ImageLabels;
  readonly base: BaseFacts;
  /** PATH of the base image. */
  readonly path: string | undefined;
  /** Debian packages. */
  readonly apt: readonly string[];
  /** Text of the lock, with hashes. */
  readonly lock: string;
  /** PyTorch for the accelerator of the image, and the index that offers it; none where the lock has none. */
  readonly torch: { readonly wheels: readonly Wheel[]; readonly index: string | undefined };
  /** Where pip looks for them, as uv did. */
  readonly indexes: PackageIndexes;
  /** What the server needs beside the user's packages. */
  readonly support: readonly Wheel[];
  readonly server: readonly SourceFile[];
  readonly bundle: readonly SourceFile[];
  readonly byteCode: boolean;
}

const folders = { data: 'data', code: 'bundle', server: 'runtime' } as const;
const requirements = { packages: 'requirements.txt', support: 'requirements-server.txt' } as const;

/** A Dockerfile with everything that it copies. Pure: the same parts give the same text. */
export function dockerfileContext(parts: DockerfileParts): readonly ContextFile[] {
  const { data, code } = splitFiles(parts.bundle);
  const weights = data.flat();
  return [
    { kind: 'content', path: 'Dockerfile', content: dockerfile(parts, weights.length > 0) },
    { kind: 'content', path: '.dockerignore', content: dockerignore },
    { kind: 'content', path: requirements.packages, content: packagesOf(parts) },
    { kind: 'content', path: requirements.support, content: `${optionsOf(parts.indexes)}${pinned(parts.support)}` },
    ...sources(folders.server, parts.server),
    ...sources(folders.data, weights),
    ...sources(folders.code, code),
  ];
}

const dockerignore = `# Nothing enters the image but what the Dockerfile copies.
*
${[...Object.values(folders), ...Object.values(requirements)].map((name) => `!${name}`).join('\n')}
`;

function sources(folder: string, files: readonly SourceFile[]): readonly ContextFile[] {
  return files.map(({ path, file, size }) => ({
    kind: 'source',
    path: `${folder}/${path}`,
    file,
    size,
    executable: false,
  }));
}

function packagesOf({ lock, torch, indexes }: DockerfileParts): string {
  const extra = [...indexes.extra, ...(torch.index === undefined ? [] : [torch.index])];
  return `${optionsOf({ ...indexes, extra })}${lock.trimEnd()}\n${pinned(torch.wheels)}`;
}

/** @see https://pip.pypa.io/en/stable/reference/requirements-file-format/#global-options */
function optionsOf({ main, extra }: PackageIndexes): string {
  const lines = [
    ...(main === undefined ? [] : [`--index-url ${main}`]),
    ...extra.map((one) => `--extra-index-url ${one}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** The very files that were chosen, so that no index can offer others. */
function pinned(wheels: readonly Wheel[]): string {
  return wheels.map((one) => `${one.distribution}==${one.version} --hash=sha256:${one.sha256}\n`).join('');
}

function dockerfile(parts: DockerfileParts, hasData: boolean): string {
  const { facts, base, byteCode } = parts;
  const sections = [
    [
      `# The model ${facts.model} and its server, as Slipway builds it.`,
      '# Build: docker build --tag NAME .',
      `# Run:   docker run --publish ${serverPort}:${serverPort} --read-only --tmpfs /tmp NAME`,
      `FROM ${facts.base}`,
      'USER root',
    ],
    aptSection(parts.apt),
    [
      '# The packages of the lock in a virtual environment, each checked by its hash.',
      `RUN ${JSON.stringify([base.python, '-m', 'venv', `/${imagePaths.venv}`])}`,
      `COPY ${requirements.packages} /opt/slipway/`,
      `RUN ${pip(byteCode)} --requirement /opt/slipway/${requirements.packages}`,
    ],
    [
      '# What the server needs, in a folder behind them.',
      `COPY ${requirements.support} /opt/slipway/`,
      `RUN ${pip(byteCode)} --target /${imagePaths.support} --requirement /opt/slipway/${requirements.support}`,
    ],
    [
      '# The server.',
      `COPY ${folders.server} /${imagePaths.runtime}`,
      ...(byteCode ? [`RUN /${imagePaths.venv}/bin/python -m compileall -q /${imagePaths.runtime}`] : []),
    ],
    hasData
      ? ['# Weights and data, which change less often than the code.', `COPY ${folders.data} /${imagePaths.bundle}`]
      : [],
    ['# Code and model.', `COPY ${folders.code} /${imagePaths.bundle}`],
    assignments('ENV', imageEnvironment(parts.path)),
    assignments('LABEL', imageLabels(facts)),
    [
      `# Any other user works too: everything is readable to all, and only /tmp is written. Ready when ${healthPath} answers.`,
      `USER ${imageUser}`,
      `WORKDIR /${imagePaths.bundle}`,
      `EXPOSE ${serverPort}`,
      'STOPSIGNAL SIGTERM',
      `ENTRYPOINT ${JSON.stringify(serveCommand(facts.model))}`,
    ],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** @see https://docs.docker.com/build/building/best-practices/#apt-get */
function aptSection(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  // They stand in a shell's command line.
  const wrong = names.find((name) => !isDebianPackage(name));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is no name of a Debian package`);
  return [
    '# System packages that the project asks for.',
    'RUN apt-get update \\',
    ' && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\',
    ...[...names].sort().map((name) => `      ${name} \\`),
    ' && rm -rf /var/lib/apt/lists/*',
  ];
}

function pip(byteCode: boolean): string {
  const compile = byteCode ? '' : ' --no-compile';
  return `/${imagePaths.venv}/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes${compile}`;
}

/** One instruction for all, so that it is one step. */
function assignments(instruction: 'ENV' | 'LABEL', values: Readonly<Record<string, string>>): readonly string[] {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}`);
  return lines.map((line, index) => {
    const start = index === 0 ? `${instruction} ` : ' '.repeat(instruction.length + 1);
    return `${start}${line}${index === lines.length - 1 ? '' : ' \\'}`;
  });
}

/** `$` would be taken for a variable, a line's end for the end of the instruction. */
function quoted(value: string): string {
  return `"${value.replaceAll(/["\\$]/g, '\\$&').replaceAll(/[\r\n]+/g, ' ')}"`;
}
