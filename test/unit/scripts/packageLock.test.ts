import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const names = Object.keys(packages).filter((name) => name !== '');

describe('package-lock.json', () => {
  it('holds the packages of every platform: without them npm ci fails on a fresh clone', () => {
    const locked = new Set(names.map((name) => name.slice(name.lastIndexOf('node_modules/') + 'node_modules/'.length)));
    const wanted = Object.values(packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
    assert.deepEqual(
      wanted.filter((name) => !locked.has(name)),
      [],
    );
  });

  it('checks every package by hash and names no registry', () => {
    const wrong = names.filter(
      (name) => packages[name]?.integrity === undefined || packages[name].resolved !== undefined,
    );
    assert.deepEqual(wrong, []);
  });
});
