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
  const origin = `${printable(file)}:${line}`;
  const location = { file: path.join(reading.root, file), line };
  const warn = (code: string, severity: Finding['severity'], message: string): void => {
    reading.findings.push({ code, severity, message, location });
  };
  const editable = /^(?:-e|--editable)(?:\s+|=)(.+)$/.exec(content)?.[1];
  const spec = (editable ?? content)
    .replaceAll(/\s+--(?:hash|config-settings?|global-option|install-option)[=\s]\S+/g, '')
    .trim();
  if (spec === '') return;
  if (editable === undefined && spec.startsWith('-')) {
    warn(
      'RequirementsOptionIgnored',
      'info',
      `${origin}: the option ${printable(spec.split(/[\s=]/)[0] ?? '')} is not used; the package index comes from the configuration of pip or uv.`,
    );
    return;
  }
  const remote = remoteRequirement(spec);
  if (remote !== undefined) {
    const dropped =
      withoutUser(spec) === spec ? '' : ' Its credentials are left out: git’s own store or .netrc gives them.';
    const shown = printable(withoutUser(spec));
    warn(
      'RequirementFromRepository',
      'warning',
      `${origin}: ${shown} comes from a repository or URL, not from the package index.${dropped}`,
    );
    if (remote !== '') reading.requirements.push({ spec: withoutUser(remote), origin });
    return;
  }
  const local = /^([\w.-]+(?:\[[^\]]*\])?)\s*@\s*file:/.exec(spec)?.[1];
  if (local !== undefined) {
    warn(
      'RequirementLocalPath',
      'warning',
      `${origin}: ${local} points to a file of the machine that wrote this list; the package of that name is used instead.`,
    );
    reading.requirements.push({ spec: local, origin });
  } else if (isLocalPath(spec)) {
    const isSource = spec.startsWith('.') && !isArchive(spec);
    const text = isSource
      ? 'is a folder: its code is used from the project, its own requirements are not read'
      : 'is a file of this machine that cannot travel. Name the package as the package index has it';
    warn('RequirementLocalPath', isSource ? 'info' : 'error', `${origin}: ${printable(spec)} ${text}.`);
  } else if (requirementName(spec) === undefined) {
    warn('RequirementUnreadable', 'error', `${origin}: ${printable(spec)} is not a requirement.`);
  } else {
    reading.requirements.push({ spec, origin });
  }
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
