import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { readJson, root } from './manifest';

const bundle = 'l10n/bundle.l10n.json';

/** Every text that the code gives to `vscode.l10n.t`, or to a function `t` that stands for it in layers without the editor. */
function translatedTexts(): { readonly texts: ReadonlySet<string>; readonly computed: readonly string[] } {
  const texts = new Set<string>();
  const computed: string[] = [];
  const source = path.join(root, 'src');
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.ts'))) {
    const file = ts.createSourceFile(name, readFileSync(path.join(source, name), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && /^(t|vscode\.l10n\.t)$/.test(node.expression.getText(file))) {
        const [first] = node.arguments;
        if (first !== undefined && ts.isStringLiteralLike(first)) texts.add(first.text);
        else computed.push(`${name}: ${node.getText(file)}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return { texts, computed };
}

describe('texts of the code', () => {
  const { texts, computed } = translatedTexts();

  it('are literals, so that a translator can be given them', () => {
    assert.deepEqual(computed, []);
    assert.ok(texts.size > 50);
  });

  it(`are the keys of ${bundle} (UPDATE_L10N=1 writes it)`, () => {
    const wanted = Object.fromEntries([...texts].sort().map((text) => [text, text]));
    if (process.env['UPDATE_L10N'] !== undefined)
      writeFileSync(path.join(root, bundle), `${JSON.stringify(wanted, undefined, 2)}\n`);
    assert.deepEqual(readJson(bundle), wanted);
  });

  it('have no emoji and no exclamation marks', () => {
    for (const text of texts) assert.doesNotMatch(text, /\p{L}!|\p{Extended_Pictographic}/u);
  });
});
