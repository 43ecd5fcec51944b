import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The layers that plain Node must be able to load: the editor's API does not exist there. */
const withoutEditor = ['core', 'clients', 'project', 'build', 'targets', 'ledger', 'pipeline', 'tree'];

/** node:test reports a failing `it` by itself: its promise needs no await. */
const nodeTest = { from: 'package', package: 'node:test', name: ['describe', 'it', 'test', 'suite'] };

export default defineConfig(
  { ignores: ['dist', 'out', 'node_modules', '.vscode-test', 'examples', 'resources', 'test/fixtures', '**/.venv'] },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      complexity: ['error', 10],
      eqeqeq: 'error',
      'max-lines': ['error', 300],
    },
  },
  {
    files: [`src/{${withoutEditor.join(',')}}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'vscode', message: 'Only editor, views, commands, app and extension may import vscode.' }] },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [nodeTest] }] },
  },
  {
    files: ['**/*.{mjs,cjs}'],
    extends: [js.configs.recommended],
    languageOptions: {
      ecmaVersion: 2024,
      globals: Object.fromEntries(
        ['process', 'console', 'fetch', 'setTimeout', 'clearTimeout', 'URL', 'AbortSignal', 'AbortController'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
    rules: { complexity: ['error', 10], eqeqeq: 'error', 'max-lines': ['error', 300] },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { module: 'writable' } } },
);
