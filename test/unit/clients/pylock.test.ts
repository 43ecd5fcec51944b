import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutGroups } from '../../../src/clients/python/markers';
import { requirementsOfPylock } from '../../../src/clients/python/pylock';

const [one, two] = ['1'.repeat(64), '2'.repeat(64)];

describe('a pylock.toml', () => {
  it('is what uv installs, with all hashes', () => {
    const text = `
lock-version = "1.0"
default-groups = ["default"]
[[packages]]
name = "numpy"
version = "1.26.4"
marker = "python_version >= '3.9' and 'default' in dependency_groups"
sdist = { url = "https://f/numpy.tar.gz", hashes = { sha256 = "${two}" } }
wheels = [{ url = "https://f/numpy.whl", hashes = { sha256 = "${one}" } }, { url = "https://f/n.whl", hashes = { sha256 = "${one}" } }]
[[packages]]
name = "pytest"
version = "8.0"
marker = "'dev' in dependency_groups or 'test' in extras"
[[packages]]
name = "mine"
directory = { path = "." , editable = true }
[[packages]]
name = "helper"
vcs = { type = "git", url = "https://h/helper.git", commit-id = "abc", subdirectory = "python" }
[[packages]]
name = "model"
archive = { url = "https://h/model.zip", hashes = { sha256 = "${two}" } }
`;
    assert.equal(
      requirementsOfPylock(text),
      [
        "numpy==1.26.4 ; python_version >= '3.9' \\",
        `    --hash=sha256:${one} \\`,
        `    --hash=sha256:${two}`,
        'helper @ git+https://h/helper.git@abc#subdirectory=python',
        'model @ https://h/model.zip \\',
        `    --hash=sha256:${two}`,
        '',
      ].join('\n'),
    );
  });

  it('is refused where it needs a folder of this machine', () => {
    const text = '[[packages]]\nname = "tools"\ndirectory = { path = "../tools" }\n';
    assert.throws(() => requirementsOfPylock(text), { code: 'PackageFromFolder', message: /tools.*\.\.\/tools/ });
  });

  for (const [what, text] of Object.entries({
    'no TOML': 'packages = [',
    'no list': 'packages = 3',
    'a line more in a version': '[[packages]]\nname = "a"\nversion = "1\\n--index-url http://evil"\n',
    'an option for a name': '[[packages]]\nname = "--index-url=http://evil"\nversion = "1"\n',
    'a hash that is none': '[[packages]]\nname = "a"\nversion = "1"\nsdist = { hashes = { sha256 = "x --y" } }\n',
    'half a marker': '[[packages]]\nname = "a"\nversion = "1"\nmarker = "(python_version"\n',
  }))
    it(`is refused where it holds ${what}`, () => {
      assert.throws(() => requirementsOfPylock(text), { code: 'DependencyFileInvalid' });
    });
});

describe('a marker', () => {
  const cases: readonly (readonly [string, string | undefined | null])[] = [
    ["sys_platform == 'win32'", "sys_platform == 'win32'"],
    ["'a' in extras", null],
    ["'a' not in extras", undefined],
    ["'main' in dependency_groups", undefined],
    ["'a' in extras or os_name == 'nt'", "os_name == 'nt'"],
    ["'a' in extras and os_name == 'nt'", null],
    ["'main' in dependency_groups and (os_name == 'nt' or 'a' in extras)", "os_name == 'nt'"],
    [
      "(os_name == 'nt' or os_name == 'x') and 'main' in dependency_groups and python_version < '3.12'",
      "(os_name == 'nt' or os_name == 'x') and python_version < '3.12'",
    ],
    [
      "os_name == 'nt' and python_version < '3.12' or 'arm' not in platform_machine",
      "os_name == 'nt' and python_version < '3.12' or 'arm' not in platform_machine",
    ],
  ];
  for (const [marker, expected] of cases)
    it(`${marker} is ${String(expected)}`, () => {
      assert.equal(withoutGroups(marker, ['main']), expected);
    });
});
