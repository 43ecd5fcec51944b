import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Finding, Requirement } from '../../core/project';
import { printable, requirementName, type Declared } from './requirement';

interface Reading {
  readonly root: string;
  readonly requirements: Requirement[];
  readonly findings: Finding[];
  readonly seen: Set<string>;
}

/** Reads a requirements file with what it includes (pip's format). Paths are relative to `root`. */
export async function readRequirementsTxt(root: string, file: string, signal: AbortSignal): Promise<Declared> {
  const reading: Reading = { root, requirements: [], findings: [], seen: new Set() };
  await readInto(reading, file, signal);
  return { requirements: reading.requirements, findings: reading.findings, includes: [...reading.seen] };
}

async function readInto(reading: Reading, file: string, signal: AbortSignal): Promise<void> {
  if (reading.seen.has(file)) return;
  reading.seen.add(file);
  let text: string;
  try {
    text = decode(await readFile(path.join(reading.root, file), { signal }));
  } catch {
    signal.throwIfAborted();
    reading.findings.push({
      code: 'RequirementsFileMissing',
      severity: 'error',
      message: `The requirements file ${printable(file)} cannot be read.`,
    });
    return;
  }
  for (const { content, line } of logicalLines(text)) {
    const included = /^(?:-r|--requirement|-c|--constraint)(?:\s*=?\s*)(\S.*)$/.exec(content);
    const target = included?.[1]?.trim().replaceAll(/^["']|["']$/g, '');
    if (target === undefined) readLine(reading, file, line, content);
    else if (/^(-c|--constraint)/.test(content))
      await readConstraints(reading, path.posix.join(path.posix.dirname(file), target), signal);
    else await readInto(reading, path.posix.join(path.posix.dirname(file), target), signal);
  }
}

/** Constraints bind only packages that something requires: those lines whose package is required already are added. */
async function readConstraints(reading: Reading, file: string, signal: AbortSignal): Promise<void> {
  const inner: Reading = { root: reading.root, requirements: [], findings: reading.findings, seen: reading.seen };
  await readInto(inner, file, signal);
  const required = new Set(reading.requirements.map((one) => requirementName(one.spec)));
  reading.requirements.push(...inner.requirements.filter((one) => required.has(requirementName(one.spec))));
}

function readLine(reading: Reading, file: string, line: number, content: string): void {
  const editable = /^(?:-e|--editable)(?:\s+|=)(.+)$/.exec(content)?.[1];
  const spec = (editable ?? content)
    .replaceAll(/\s+--(?:hash|config-settings?|global-option|install-option)[=\s]\S+/g, '')
    .trim();
  if (spec === '') return;
  const origin = `${printable(file)}:${line}`;
  const read = spec.startsWith('-') ? optionLine(spec) : (remoteLine(spec) ?? localLine(spec) ?? packageLine(spec));
  if (read.spec !== undefined) reading.requirements.push({ spec: read.spec, origin });
  if (read.problem !== undefined) {
    const location = { file: path.join(reading.root, file), line };
    reading.findings.push({ ...read.problem, message: `${origin}: ${read.problem.message}`, location });
  }
}

interface ReadLine {
  readonly spec?: string;
  readonly problem?: Pick<Finding, 'code' | 'severity' | 'message'>;
}

function optionLine(spec: string): ReadLine {
  const option = printable(spec.split(/[\s=]/)[0] ?? '');
  const message = `the option ${option} is not used; the package index comes from the configuration of pip or uv.`;
  return { problem: { code: 'RequirementsOptionIgnored', severity: 'info', message } };
}

function remoteLine(spec: string): ReadLine | undefined {
  const remote = remoteRequirement(spec);
  if (remote === undefined) return undefined;
  const plain = withoutUser(spec);
  const dropped = plain === spec ? '' : ' Its credentials are left out: git’s own store or .netrc gives them.';
  const message = `${printable(plain)} comes from a repository or URL, not from the package index.${dropped}`;
  const problem = { code: 'RequirementFromRepository', severity: 'warning', message } as const;
  return remote === '' ? { problem } : { spec: withoutUser(remote), problem };
}

function localLine(spec: string): ReadLine | undefined {
  const code = 'RequirementLocalPath';
  const name = /^([\w.-]+(?:\[[^\]]*\])?)\s*@\s*file:/.exec(spec)?.[1];
  if (name !== undefined) {
    const message = `${name} points to a file of the machine that wrote this list; the package of that name is used instead.`;
    return { spec: name, problem: { code, severity: 'warning', message } };
  }
  if (!isLocalPath(spec)) return undefined;
  const shown = printable(spec);
  if (spec.startsWith('.') && !isArchive(spec)) {
    const message = `${shown} is a folder: its code is used from the project, its own requirements are not read.`;
    return { problem: { code, severity: 'info', message } };
  }
  const message = `${shown} is a file of this machine that cannot travel. Name the package as the package index has it.`;
  return { problem: { code, severity: 'error', message } };
}

function packageLine(spec: string): ReadLine {
  if (requirementName(spec) !== undefined) return { spec };
  return {
    problem: { code: 'RequirementUnreadable', severity: 'error', message: `${printable(spec)} is not a requirement.` },
  };
}

/** PEP 508 form of a VCS or URL line; '' when it does not tell the package's name; undefined when it is no such line. */
function remoteRequirement(spec: string): string | undefined {
  if (/^[\w.-]+(\[[^\]]*\])?\s*@\s*(git\+|hg\+|svn\+|bzr\+|https?:)/i.test(spec)) return spec;
  if (!/^(git|hg|svn|bzr)\+|^https?:\/\//i.test(spec)) return undefined;
  const name =
    /[#&]egg=([\w.-]+(?:\[[^\]]*\])?)/.exec(spec)?.[1] ??
    wheelName(spec) ??
    /\/([\w.-]+?)(?:\.git)?(?:@[^/]*)?(?:#.*)?$/.exec(spec)?.[1];
  return name === undefined ? '' : `${name} @ ${spec.replace(/#egg=[^&]*$/, '')}`;
}

function wheelName(spec: string): string | undefined {
  return /\/([A-Za-z0-9_.]+?)-\d[^/]*\.(?:whl|tar\.gz|zip)/.exec(spec)?.[1];
}

function isLocalPath(spec: string): boolean {
  return /^(\.{1,2}([\\/]|$)|[\\/~]|[A-Za-z]:[\\/]|file:)/.test(spec) || isArchive(spec);
}

function isArchive(spec: string): boolean {
  return /\.(whl|zip|tar\.gz)$/i.test(spec);
}

/** Credentials in a web address are for no plan, lock or message; the user of `ssh://git@host` is none. */
function withoutUser(spec: string): string {
  return spec.replace(/(https?:\/\/)[^/@\s]+@/i, '$1');
}

/** Lines without comments, continuations joined; `line` is where each starts. */
function logicalLines(text: string): readonly { readonly content: string; readonly line: number }[] {
  const found: { content: string; line: number }[] = [];
  let pending = '';
  let start = 0;
  text.split(/\r\n|\r|\n/).forEach((raw, index) => {
    if (pending === '') start = index + 1;
    if (raw.endsWith('\\')) {
      pending += `${raw.slice(0, -1)} `;
      return;
    }
    const content = (pending + raw).replace(/(^|\s)#.*$/, '').trim();
    pending = '';
    if (content !== '') found.push({ content, line: start });
  });
  return found;
}

/** UTF-8 or UTF-16 with a byte order mark: `pip freeze > requirements.txt` in PowerShell writes the latter. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(bytes).subarray(2).swap16().toString('utf16le');
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}
