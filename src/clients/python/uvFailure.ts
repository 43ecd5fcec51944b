import { stripVTControlCharacters } from 'node:util';
import { withoutCredentials } from '../../core/credentials';
import { UserError, type Remedy } from '../../core/errors';

interface Explanation {
  readonly pattern: RegExp;
  readonly code: string;
  readonly message: (found: string, subject: string) => string;
  readonly remedy: Remedy;
}

const editRequirements =
  'Change the requirement, or name another date with asOf, or another Python with python, in slipway.yaml.';

/** First match wins; the group `found` names the package, the file or the address that the message speaks of. */
const explanations: readonly Explanation[] = [
  {
    pattern: /No space left on device|os error 28|Disk quota exceeded/,
    code: 'DiskFull',
    message: (_, subject) => `There is no space left on the disk to install ${subject}. Nothing was deployed.`,
    remedy: { kind: 'runCommand', label: 'Free Space', command: 'slipway.freeSpace' },
  },
  {
    pattern: /Because (?<found>\S+) was not found in the (?:package registry|provided package locations|cache)/,
    code: 'PackageUnknown',
    message: (found, subject) => `The package ${found}, needed for ${subject}, does not exist in the package index.`,
    remedy: { kind: 'hint', label: 'Correct its name in the requirements, or remove the import that asks for it.' },
  },
  {
    pattern:
      /(?:Failed to fetch|Request failed after \d+ retries|error sending request|Could not connect|dns error|tcp connect error|timed out|Connection refused)(?:[^\n]*?for url \(?(?<found>[^)\s]+))?/i,
    code: 'IndexUnreachable',
    message: (_, subject) => `The package index could not be reached to install ${subject}.`,
    remedy: {
      kind: 'hint',
      label: 'Check the network, the proxy variables and the index in your pip or uv configuration, and deploy again.',
    },
  },
  {
    pattern: /Failed to (?:build|download and build) `(?<found>[^`]+)`/,
    code: 'PackageBuildFailed',
    message: (found, subject) =>
      `The package ${found}, needed for ${subject}, has no ready-made wheel for this Python and platform and could not be built from source.`,
    remedy: { kind: 'hint', label: editRequirements },
  },
  {
    pattern: /Hash mismatch for `(?<found>[^`]+)`/i,
    code: 'PackageHashMismatch',
    message: (found) => `The download of ${found} does not have the hash that the lock names, so it was not installed.`,
    remedy: { kind: 'hint', label: 'Make the lock again, or ask who runs your package index why the file changed.' },
  },
  {
    pattern: /No solution found|cannot be used|conflicting|incompatible/i,
    code: 'DependenciesUnsolvable',
    message: (_, subject) => `No set of versions satisfies all requirements of ${subject}.`,
    remedy: { kind: 'hint', label: editRequirements },
  },
  {
    pattern: /Failed to parse|Couldn't parse requirement|error: Unsupported requirement/i,
    code: 'RequirementInvalid',
    message: (_, subject) => `A requirement of ${subject} could not be read.`,
    remedy: { kind: 'hint', label: 'Correct the line that the message below names.' },
  },
];

/** Tells what uv's error means to the user; uv's own words follow, without its frames and without credentials. */
export function explainUvFailure(stderr: string, subject: string): UserError {
  // A warning, such as that no managed Python can be downloaded, is no reason of the failure.
  const words = plainWords(stderr).replace(/^warning:.*$\n?/gm, '');
  for (const { pattern, code, message, remedy } of explanations) {
    const match = pattern.exec(words);
    if (match === null) continue;
    const text = `${message(match.groups?.['found'] ?? '', subject)} uv says: ${reasonIn(words)}`;
    return new UserError(code, text, { remedy, details: { uv: words } });
  }
  return new UserError('InstallFailed', `uv could not prepare ${subject}: ${reasonIn(words)}`, {
    remedy: { kind: 'hint', label: 'The whole message of uv is in the log.' },
    details: { uv: words },
  });
}

/** Drops box drawing, terminal escapes and credentials in URLs. */
export function plainWords(stderr: string): string {
  return withoutCredentials(stripVTControlCharacters(stderr))
    .replace(/[×╰─▶│├]/gu, ' ')
    .replace(/[ \t]+/g, ' ')
    .replace(/\n /g, '\n')
    .trim();
}

function reasonIn(words: string): string {
  const because = /Because[\s\S]*?(?=\n(?:hint|warning|\s*\n)|$)/.exec(words)?.[0];
  const text =
    because ??
    words
      .split('\n')
      .filter((line) => !/^(?:Using|Resolved|warning|Prepared|Installed|Downloading|Downloaded)/.test(line.trim()))
      .join(' ');
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 600 ? `${flat.slice(0, 600)}…` : flat;
}
