import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { condaRequirement } from '../../../src/project/dependencies/environmentYml';
import { providerOf } from '../../../src/project/dependencies/importMap';
import { isPinned, requirementName } from '../../../src/project/dependencies/requirement';
import { readRequirementsTxt } from '../../../src/project/dependencies/requirementsTxt';
import { caret } from '../../../src/project/dependencies/tomlFiles';
import { signal, temporaryFolder } from './fixtures';

const base = temporaryFolder(after);

describe('requirements', () => {
  const lines: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['pandas==2.0 --hash=sha256:aa', ['pandas==2.0'], []],
    ['uvicorn[standard]>=0.20 # web', ['uvicorn[standard]>=0.20'], []],
    ['tool @ git+https://u:p@h.org/t.git', ['tool @ git+https://h.org/t.git'], ['RequirementFromRepository']],
    ['git+ssh://git@h.org/team/tool.git', ['tool @ git+ssh://git@h.org/team/tool.git'], ['RequirementFromRepository']],
    [
      'https://h.org/w/some_pkg-1.0-py3-none-any.whl',
      ['some_pkg @ https://h.org/w/some_pkg-1.0-py3-none-any.whl'],
      ['RequirementFromRepository'],
    ],
    ['-r missing.txt', [], ['RequirementsFileMissing']],
    ['--find-links ./w', [], ['RequirementsOptionIgnored']],
    ['/abs/x.whl', [], ['RequirementLocalPath']],
    ['!!', [], ['RequirementUnreadable']],
  ];
  for (const [line, specs, codes] of lines) {
    it(`reads ${line}`, async () => {
      const root = mkdtempSync(path.join(base, 'r'));
      writeFileSync(path.join(root, 'requirements.txt'), line);
      const read = await readRequirementsTxt(root, 'requirements.txt', signal);
      assert.deepEqual(
        [read.requirements.map((one) => one.spec), read.findings.map((one) => one.code)],
        [specs, codes],
      );
    });
  }

  it('reads what PowerShell writes', async () => {
    const root = mkdtempSync(path.join(base, 'u'));
    writeFileSync(path.join(root, 'requirements.txt'), Buffer.from('\uFEFFnumpy==1.26.4\r\n', 'utf16le'));
    assert.deepEqual((await readRequirementsTxt(root, 'requirements.txt', signal)).requirements, [
      { spec: 'numpy==1.26.4', origin: 'requirements.txt:1' },
    ]);
  });

  it('knows names and pins', () => {
    assert.deepEqual(['Foo_Bar>=1', 'a.b[x]', 'x @ https://e', '???'].map(requirementName), [
      'foo-bar',
      'a-b',
      'x',
      undefined,
    ]);
    assert.deepEqual(
      ['a==1.0', 'a==1.*', 'a>=1', 'a', 'a==1,<2', 'a===1 ; os_name=="nt"', 'a @ git+https://x'].map(isPinned),
      [true, false, false, false, false, true, true],
    );
  });

  it('translates Poetry and Pipenv versions', () => {
    assert.deepEqual(['^1.2.3', '^0.2.3', '~1.2', '1.2.3', '*', '>=1,<2', '~=1.4'].map(caret), [
      '>=1.2.3,<2',
      '>=0.2.3,<0.3',
      '>=1.2,<1.3',
      '==1.2.3',
      '',
      '>=1,<2',
      '~=1.4',
    ]);
  });

  it('translates conda specifications', () => {
    const spec = (entry: string): string | undefined => condaRequirement(entry, 'e').requirement?.spec;
    assert.deepEqual(
      [
        'numpy',
        'numpy=1.21',
        'numpy==1.21.2',
        'numpy=1.21.2=py39h',
        'conda-forge::pytorch>=2',
        'python=3.9',
        'libgomp=1',
        'librosa',
        'cudatoolkit=11',
        'scikit-learn 1.3.*',
      ].map(spec),
      [
        'numpy',
        'numpy==1.21.*',
        'numpy==1.21.2',
        'numpy==1.21.2',
        'torch>=2',
        undefined,
        undefined,
        'librosa',
        undefined,
        'scikit-learn==1.3.*',
      ],
    );
    assert.equal(condaRequirement('nodejs=18', 'e').finding?.code, 'CondaOnlyPackage');
  });
});

describe('import to distribution', () => {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ['sklearn.svm', '3.11', 'scikit-learn'],
    ['PIL.Image', '3.11', 'pillow'],
    ['cv2', '3.11', 'opencv-python-headless'],
    ['google.cloud.storage', '3.11', 'google-cloud-storage'],
    ['google.protobuf.message', '3.11', 'protobuf'],
    ['mpl_toolkits.mplot3d', '3.11', 'matplotlib'],
    ['ruamel.yaml', '3.11', 'ruamel.yaml'],
    ['azure.storage.blob', '3.11', 'azure-storage-blob'],
    ['json.decoder', '3.11', 'stdlib'],
    ['distutils.core', '3.11', 'stdlib'],
    ['distutils.core', '3.12', 'removed'],
    ['imp', '3.13', 'removed'],
    ['tomllib', '3.10', 'tomli'],
    ['tomllib', '3.11', 'stdlib'],
    ['urllib2', '3.11', 'python2'],
    ['google.colab', '3.11', 'hosted'],
    ['detectron2', '3.11', 'unknown'],
    ['my_thing', '3.11', 'unknown my-thing'],
    ['_private', '3.11', 'unknown'],
  ];
  for (const [module, python, expected] of cases) {
    it(`${module} on ${python ?? 'any'} is ${expected}`, () => {
      const found = providerOf(module, python, null);
      const text =
        found.kind === 'distribution'
          ? found.name
          : found.kind === 'unknown' && found.guess !== undefined
            ? `unknown ${found.guess}`
            : found.kind;
      assert.equal(text, expected);
    });
  }

  it('believes the interpreter before the table', () => {
    const installed = {
      imports: { cv2: [{ name: 'opencv-contrib-python', version: '4.9.0.80' }] },
      versions: {},
      urls: {},
    };
    assert.deepEqual(providerOf('cv2', '3.11', installed), {
      kind: 'distribution',
      name: 'opencv-contrib-python',
      version: '4.9.0.80',
      alternatives: ['opencv-contrib-python'],
    });
  });
});
