/**
 * The layers of the code, read from left to right; a folder imports itself and what stands to its left:
 *
 *   core < clients < project, build, targets, ledger < pipeline, tree < editor < app < views, commands < extension, cli
 *
 * The command line has no editor: it stops at pipeline and tree.
 */
const layer = (name, from, ...allowed) => ({
  name,
  severity: 'error',
  comment: `${from} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing but itself'}.`,
  from: { path: `^src/(${from})/` },
  to: { path: '^src/', pathNot: ['^src/$1/', ...allowed.map((folder) => `^src/${folder}(/|\\.ts$)`)] },
});

const lower = ['core', 'clients'];
const middle = [...lower, 'project', 'build', 'targets', 'ledger'];
const useCases = [...middle, 'pipeline', 'tree'];

const onlyIn = (folder, sdk) => ({
  name: `${sdk.replace(/\W+/g, '-').replace(/^-/, '')}-only-in-its-client`,
  severity: 'error',
  comment: `Everything else imports ${folder}, so that the SDK loads lazily and its errors are translated in one place.`,
  from: { path: '^src/', pathNot: `^${folder}/` },
  to: { path: `(^|/)${sdk}(/|$)` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A module that nothing imports and that imports nothing is dead.',
      from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'no-unresolved-imports',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^vscode$' },
    },
    {
      name: 'core-imports-nothing-of-ours-and-no-sdk',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^(src|node_modules)/', pathNot: ['^src/core/', '^node_modules/@types/node/'] },
    },
    layer('clients-know-core', 'clients', 'core'),
    layer('middle-layers-know-clients-and-core', 'project|build|targets|ledger', ...lower),
    layer('use-cases-know-the-middle-layers', 'pipeline|tree', ...middle),
    layer('editor-knows-use-cases', 'editor', ...useCases),
    layer('views-and-commands-know-app-and-editor', 'views|commands', ...useCases, 'editor', 'app'),
    {
      name: 'app-stands-below-views-and-commands',
      severity: 'error',
      from: { path: '^src/app\\.ts$' },
      to: { path: '^src/(views|commands|cli)(/|\\.ts$)|^src/extension\\.ts$' },
    },
    {
      name: 'cli-has-no-editor',
      severity: 'error',
      from: { path: '^src/cli(/|Entry\\.ts$|\\.ts$)' },
      to: { path: '^src/(editor|views|commands)/|^src/(app|extension)\\.ts$' },
    },
    {
      name: 'vscode-only-at-the-edge',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(editor|views|commands)/|^src/(app|extension)\\.ts$' },
      to: { path: '^vscode$|(^|/)@types/vscode/' },
    },
    {
      name: 'targets-are-islands',
      severity: 'error',
      from: { path: '^src/targets/([^/]+)/' },
      to: { path: '^src/targets/', pathNot: '^src/targets/$1/' },
    },
    onlyIn('src/clients/kubernetes', '@kubernetes/client-node'),
    onlyIn('src/clients/docker', 'dockerode'),
    {
      name: 'shipped-code-needs-no-development-package',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '(^|/)@types/' },
    },
    { name: 'shipped-code-imports-no-test', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
    // The package esbuild is taken for our file of that name, because bare names are looked up beside tsconfig.json too.
    exclude: { path: '^test/fixtures/|^esbuild\\.mjs$' },
  },
};
