/** Which files may leave the machine inside a bundle. Pure: names in, reasons out. */

/** Bytes above which data travels only when the code reads it or slipway.yaml includes it. */
export const largeFileBytes = 10 * 1024 * 1024;

const secretFiles: readonly (readonly [RegExp, string])[] = [
  [/^\.env($|\.)|\.env$/i, 'environment file, may hold secrets'],
  [/\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|gpg)$/i, 'key'],
  [/^(id_(rsa|dsa|ecdsa|ed25519)(_.*)?|authorized_keys|known_hosts)$/i, 'key'],
  [/^(kubeconfig|.*\.kubeconfig|kubeconfig\..*)$/i, 'cluster access'],
  [
    /^(\.netrc|_netrc|\.pypirc|\.npmrc|\.pgpass|\.my\.cnf|\.htpasswd|\.git-credentials|\.dockercfg|pip\.conf|pip\.ini)$/i,
    'credentials',
  ],
  [
    /^(credentials|secrets?|client_secret.*|.*-credentials|application_default_credentials|kaggle|token)\.(json|ya?ml|toml|ini|txt|cfg)$/i,
    'credentials',
  ],
  // A key of Google Cloud is JSON; the object of Kubernetes that is YAML holds none.
  [/^service[-_]?account.*\.json$/i, 'credentials'],
  [/^(rclone|\.s3cfg|\.boto)(\.conf)?$/i, 'credentials'],
];

const uselessFiles: readonly (readonly [RegExp, string])[] = [
  [/\.py[cod]$/i, 'byte-code'],
  [/^(\.DS_Store|Thumbs\.db|desktop\.ini)$/i, 'desktop file'],
  [/^(\.gitignore|\.gitattributes|\.dockerignore|\.gitmodules|\.git)$/i, 'version control'],
  [/(~|\.swp|\.swo)$/i, 'editor backup'],
];

export interface GuardRules {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Files that the code reads, relative to the root; a folder stands for all in it. */
  readonly referenced: readonly string[];
}

/** Why a file must stay behind, undefined when it may travel. Keys stay behind even when slipway.yaml includes them. */
export function reasonToLeave(file: string, bytes: number, rules: GuardRules): string | undefined {
  const secret = secretReason(file);
  if (secret !== undefined) return secret;
  if (rules.exclude.some((pattern) => matches(pattern, file))) return 'excluded in slipway.yaml';
  if (rules.include.some((pattern) => matches(pattern, file))) return undefined;
  const useless = firstReason(uselessFiles, baseName(file));
  if (useless !== undefined) return useless;
  const referenced = rules.referenced.some((one) => file === one || one === '.' || file.startsWith(`${one}/`));
  if (bytes > largeFileBytes && !referenced)
    return `${megabytes(bytes)} MB that no code names; list it under include in slipway.yaml if the model needs it`;
  return undefined;
}

/** Why a name looks like a secret, undefined when it does not. */
export function secretReason(file: string): string | undefined {
  return firstReason(secretFiles, baseName(file));
}

/**
 * Whether a path matches a pattern of slipway.yaml: `*` and `?` within a folder, `**` across folders, a pattern without
 * a slash at any depth, a folder stands for all in it.
 */
export function matches(pattern: string, file: string): boolean {
  const trimmed = pattern.replace(/^\.?\//, '').replace(/\/$/, '');
  if (trimmed === '') return false;
  const anchored = trimmed.includes('/') || pattern.startsWith('/') || pattern.startsWith('./');
  return new RegExp(`^${anchored ? '' : '(?:.*/)?'}${globSource(trimmed)}(?:/.*)?$`).test(file);
}

function globSource(glob: string): string {
  return glob.replaceAll(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    switch (part) {
      case '**/':
        return '(?:.*/)?';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      default:
        return `\\${part}`;
    }
  });
}

function firstReason(rules: readonly (readonly [RegExp, string])[], name: string): string | undefined {
  return rules.find(([pattern]) => pattern.test(name))?.[1];
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
