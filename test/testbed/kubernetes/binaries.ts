import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached, inCache } from '../cache';
import { requireProgram } from '../program';
import { runTool } from '../runTool';
import { requireGo, type Go } from './go';

/**
 * `cluster` is what every cluster needs; `scale` is what fills one with fake nodes and pods; `karpenter` makes fake nodes
 * for pods that fit nowhere, which those of `scale` run; `kube-router` enforces NetworkPolicies; `k9s` and `skaffold` are what
 * benchmarks compare with.
 */
export type BinaryKind = 'cluster' | 'scale' | 'karpenter' | 'kube-router' | 'k9s' | 'skaffold';

/** Kinds with a folder of their own: a change there need not build the others anew, which takes long. */
const apart: ReadonlySet<string> = new Set<BinaryKind>(['karpenter', 'kube-router', 'k9s', 'skaffold']);

const sources = path.join(import.meta.dirname, 'build');
const kubernetesVersion = 'v1.34.4';
/** One program knows all of them and goes by the name under which it was started. */
const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'];

/**
 * The programs of a Kubernetes cluster, built from source once: some 20 minutes on two processors, some seconds from
 * Go's own cache. @returns their folder
 */
export async function kubernetesBinaries(kind: BinaryKind, report: (line: string) => void): Promise<string> {
  const { name, stamp } = place(kind);
  return cached(name, stamp, async (folder) => {
    report(`Building Kubernetes for tests: ${kind} (once, up to half an hour).`);
    const go = await requireGo(report);
    await builders[kind](go, folder);
  });
}

/** The folder of programs that were built before; undefined when they were not. */
export function builtBinaries(kind: BinaryKind): string | undefined {
  const { name, stamp } = place(kind);
  return inCache(name, stamp);
}

async function buildCluster(go: Go, folder: string): Promise<void> {
  await runTool(requireProgram('gcc'), [
    ...['-static', '-Os', '-s', '-o', path.join(folder, 'pause'), path.join(sources, 'pause.c')],
  ]);
  const version = { gitVersion: kubernetesVersion, gitMajor: '1', gitMinor: '34', gitTreeState: 'clean' };
  const flags = Object.entries(version).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  await build(go, 'hyperkube', folder, ['.'], flags);
  for (const name of components) await symlink('hyperkube', path.join(folder, name));
  await build(go, 'tools', folder, ['./coredns']);
  await build(go, 'tools36', folder, ['sigs.k8s.io/metrics-server/cmd/metrics-server']);
}

async function buildScale(go: Go, folder: string): Promise<void> {
  await build(go, 'tools', folder, ['./kcscale']);
  await build(go, 'tools36', folder, ['sigs.k8s.io/kwok/cmd/kwok']);
  const module = await folderOf(go, 'tools36', 'sigs.k8s.io/kwok');
  const stages = ['node/fast/node-initialize', 'pod/fast/pod-ready', 'pod/fast/pod-complete', 'pod/fast/pod-delete'];
  const texts = stages.map((stage) => readFile(path.join(module, 'kustomize', 'stage', `${stage}.yaml`), 'utf8'));
  await writeFile(path.join(folder, 'kwok-stages.yaml'), (await Promise.all(texts)).join('\n---\n'));
}

async function buildKarpenter(go: Go, folder: string): Promise<void> {
  await build(go, 'karpenter', folder, ['sigs.k8s.io/karpenter/kwok']);
  await rename(path.join(folder, 'kwok'), path.join(folder, 'karpenter'));
  const module = await folderOf(go, 'karpenter', 'sigs.k8s.io/karpenter');
  const folders = ['pkg', 'kwok'].map((part) => path.join(module, part, 'apis', 'crds'));
  const texts = folders.flatMap((from) => readdirSync(from).map((name) => readFileSync(path.join(from, name), 'utf8')));
  await writeFile(path.join(folder, 'karpenter-crds.yaml'), texts.join('\n---\n'));
}

async function buildKubeRouter(go: Go, folder: string): Promise<void> {
  await build(go, 'kube-router', folder, ['github.com/cloudnativelabs/kube-router/v2/cmd/kube-router']);
}

async function buildK9s(go: Go, folder: string): Promise<void> {
  await build(go, 'k9s', folder, ['github.com/derailed/k9s']);
}

async function buildSkaffold(go: Go, folder: string): Promise<void> {
  await build(go, 'skaffold', folder, ['github.com/GoogleContainerTools/skaffold/v2/cmd/skaffold']);
}

const builders = {
  cluster: buildCluster,
  scale: buildScale,
  karpenter: buildKarpenter,
  'kube-router': buildKubeRouter,
  k9s: buildK9s,
  skaffold: buildSkaffold,
} as const;

/** Where Go keeps the sources of a module. */
async function folderOf(go: Go, by: string, module: string): Promise<string> {
  const list = ['list', '-m', '-f', '{{.Dir}}', module];
  return (await runTool(go.program, list, { cwd: path.join(sources, by), env: go.env })).trim();
}

async function build(
  go: Go,
  module: string,
  folder: string,
  packages: readonly string[],
  flags: readonly string[] = [],
) {
  const args = ['build', '-ldflags', ['-s', '-w', ...flags].join(' '), '-o', `${folder}${path.sep}`, ...packages];
  await runTool(go.program, args, { cwd: path.join(sources, module), env: go.env });
}

function place(kind: BinaryKind): { readonly name: string; readonly stamp: string } {
  const hash = createHash('sha256').update(kubernetesVersion);
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(sources, name);
    const [owner = ''] = name.split(path.sep);
    if (apart.has(kind) ? owner !== kind : apart.has(owner)) continue;
    if (/\.(?:go|mod|sum|c)$/.test(name)) hash.update(`${name}\0`).update(readFileSync(file));
  }
  const stamp = hash.digest('hex');
  return { name: `kubernetes-${kind}-${stamp.slice(0, 12)}`, stamp };
}
