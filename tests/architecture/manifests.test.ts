import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { npmPackageOf } from './imports.ts';
import {
  type Manifest,
  type Package,
  packages,
  readJson,
  referencesOf,
  root,
  type SourceFile,
  tools,
} from './project.ts';

/** Tools that every package's tests may use, from the root's manifest: fast-check, the types of Node.js. */
const shared = Object.keys((readJson('package.json') as Manifest).devDependencies ?? {});

const manifestOf = (name: string) => `mend packages/${name}/package.json`;

for (const one of packages) {
  const { name, manifest, files } = one;
  const inCode = importedBy(files.filter((file) => !file.isTest));
  const inTests = importedBy(files.filter((file) => file.isTest));

  test(`${name}: dependencies are what its code imports`, () => {
    assert.deepEqual(
      Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).sort(),
      [...inCode].sort(),
      `${manifestOf(name)}, and npm install`,
    );
  });

  test(`${name}: devDependencies are what only its tests import`, () => {
    const wanted = [...inTests].filter((target) => !inCode.has(target) && !shared.includes(target));
    assert.deepEqual(
      Object.keys(manifest.devDependencies ?? {}).sort(),
      wanted.sort(),
      `${manifestOf(name)}, and npm install`,
    );
  });

  test(`${name}: its tsconfig.json references the packages of its manifest`, () => {
    assert.deepEqual(one.references, workspacesOf(one), `mend packages/${name}/tsconfig.json`);
  });

  test(`${name}: it says what it is`, () => {
    assert.equal(manifest.name, `@stillframe/${name}`);
    assert.match(manifest.description ?? '', /\w{3}/);
  });
}

test('docs/dependencies.md names every package that is not ours, with its version, and no other', () => {
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const manifests = [readJson('package.json') as Manifest, ...packages.map(({ manifest }) => manifest)];
  const wanted = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }),
  );
  const outside = wanted.filter(([name]) => !name.startsWith('@stillframe/'));
  const said = (name: string, version: string) =>
    page.includes(`| ${name} | ${version} |`) || page.includes(`${name} ${version}`);
  assert.deepEqual(
    outside.filter(([name, version]) => !said(name, version)),
    [],
  );
  const rows = [...page.matchAll(/^\| (@?[a-z][\w/@.-]*) \| \d/gm)].map(([, name = '']) => name);
  assert.deepEqual(
    rows.filter((name) => !outside.some(([other]) => other === name)),
    [],
  );
});

test('the root compiles every package and every folder of tools', () => {
  const wanted = [...packages.map(({ name }) => name), 'bench', 'deploy', 'scripts', 'tests'];
  assert.deepEqual(referencesOf('tsconfig.json'), wanted.sort());
});

for (const folder of ['bench', 'deploy', 'scripts', 'tests']) {
  test(`${folder}: its tsconfig.json references the packages that it imports`, () => {
    const own = tools.filter(({ path }) => path.startsWith(`${folder}/`));
    const wanted = [...importedBy(own)]
      .filter((target) => target.startsWith('@stillframe/'))
      .map((target) => target.slice('@stillframe/'.length));
    const listed = referencesOf(`${folder}/tsconfig.json`);
    assert.deepEqual(
      wanted.filter((name) => !listed.includes(name)),
      [],
    );
  });
}

function importedBy(files: readonly SourceFile[]): Set<string> {
  const names = files.flatMap(({ imports }) => imports.map(({ specifier }) => npmPackageOf(specifier ?? '.')));
  return new Set(names.filter((name) => name !== undefined));
}

function workspacesOf({ manifest }: Package): string[] {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const own = names.filter((name) => name.startsWith('@stillframe/'));
  return own.map((name) => name.slice('@stillframe/'.length)).sort();
}
