import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { isUserError } from '../../../src/core/errors';
import { parseConfig } from '../../../src/project/config';
import schema from '../../../resources/schemas/slipway.schema.json';
import { repository } from './fixtures';

const invalid: readonly (readonly [string, number | undefined, RegExp])[] = [
  ['name: iris\nentri: a.ipynb\n', 2, /the key "entri" is unknown; perhaps entry was meant/],
  ['python: 3.10\n', 1, /python must be text; put it in quotes/],
  ['python: "2.7"\n', 1, /Python version/],
  ['train: sometimes\n', 1, /one of always, auto, never/],
  ['env:\n  A: x\n  B: 1\n', 3, /env\.B must be text/],
  ['secrets:\n  - API_KEY\n  - sk-value\n', 3, /never a value/],
  ['limits:\n  timeout: 3\n', 2, /perhaps timeoutSeconds was meant/],
  ['volumes:\n  - source: x\n', 2, /volumes\.0\.path is missing/],
  ['port: 70000\n', 1, /at most 65535/],
  ['replicas: 1.5\n', 1, /whole number/],
  ['include: data\n', 1, /must be a list/],
  ['- a\n', undefined, /keys and values/],
  ['name: [a\n', 2, /.+/],
  ['name: a\nname: b\n', 2, /unique/],
];

describe('slipway.yaml', () => {
  for (const [text, line, message] of invalid) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseConfig('/p/slipway.yaml', text),
        (error) =>
          isUserError(error) &&
          error.code === 'ConfigInvalid' &&
          error.location?.line === line &&
          message.test(error.message),
      );
    });
  }

  it('takes every key', () => {
    const text = readFileSync(path.join(import.meta.dirname, 'full-slipway.yaml'), 'utf8');
    assert.deepEqual(Object.keys(parseConfig('slipway.yaml', text)).sort(), Object.keys(schema.properties).sort());
    assert.deepEqual(parseConfig('slipway.yaml', '# nothing\n'), {});
  });

  it('has a schema with the shape of ProjectConfig', () => {
    assert.deepEqual(schemaShape(schema), configShape());
  });
});

/** Nested key names with the types at the leaves, from the schema. */
function schemaShape(node: unknown): unknown {
  const { type, properties, items, additionalProperties, enum: choices } = node as Record<string, unknown>;
  if (type === 'array') return [schemaShape(items)];
  if (type === 'object' && properties === undefined) return { '*': schemaShape(additionalProperties) };
  if (type === 'object')
    return Object.fromEntries(
      Object.entries(properties as object)
        .map(([key, child]) => [key, schemaShape(child)])
        .sort(),
    );
  if (Array.isArray(choices)) return [...(choices as string[])].sort().join('|');
  return type === 'integer' ? 'number' : type;
}

/** The same from the source of the type. */
function configShape(): unknown {
  return interfaceShape('ProjectConfig', 'project');
}

function interfaceShape(name: string, module: string): unknown {
  const file = path.join(repository, `src/core/${module}.ts`);
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = source.statements.find(
    (one): one is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(one) && one.name.text === name,
  );
  assert.ok(found);
  return members(found.members);
}

function members(list: ts.NodeArray<ts.TypeElement>): unknown {
  const entries = list
    .filter(ts.isPropertySignature)
    .map((one) => [one.name.getText(), one.type === undefined ? undefined : typeShape(one.type)] as const);
  return Object.fromEntries([...entries].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function typeShape(type: ts.TypeNode): unknown {
  if (ts.isTypeOperatorNode(type)) return typeShape(type.type);
  if (ts.isArrayTypeNode(type)) return [typeShape(type.elementType)];
  if (ts.isTypeLiteralNode(type)) return members(type.members);
  if (ts.isUnionTypeNode(type))
    return type.types
      .map((one) => one.getText().replaceAll("'", ''))
      .sort()
      .join('|');
  if (ts.isTypeReferenceNode(type)) return recordShape(type);
  return type.getText().replaceAll("'", '');
}

function recordShape(type: ts.TypeReferenceNode): unknown {
  const last = type.typeArguments?.at(-1);
  if (last === undefined) return interfaceShape(type.typeName.getText(), moduleOf(type));
  return type.typeName.getText() === 'Record' ? { '*': typeShape(last) } : typeShape(last);
}

/** The module beside which a type is imported from. */
function moduleOf(type: ts.TypeReferenceNode): string {
  const found = new RegExp(`\\b${type.typeName.getText()}\\b[^;]*from '\\./(\\w+)'`).exec(
    type.getSourceFile().text,
  )?.[1];
  return found ?? path.basename(type.getSourceFile().fileName, '.ts');
}
