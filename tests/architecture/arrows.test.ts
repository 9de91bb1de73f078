import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { npmPackageOf } from './imports.ts';
import { packageOf, packages, root, type SourceFile, sources, tools } from './project.ts';
import { ARROWS, type Arrow, ENCLAVES, TEST_ARROWS } from './tables.ts';

const SCOPE = '@stillframe/';

/** Imports of other packages of this project: `target` without the scope, as `cri/client`. */
const crossings = [...sources, ...tools].flatMap((file) =>
  file.imports
    .filter(({ specifier }) => specifier?.startsWith(SCOPE))
    .map(({ specifier = '', line }) => ({ file, line, target: specifier.slice(SCOPE.length) })),
);

const words = (file: SourceFile, line: number, specifier: string) => `${file.path}:${line} → ${specifier}`;

test('every package has its row in the table of arrows, and every row its package', () => {
  assert.deepEqual(Object.keys(ARROWS).sort(), packages.map(({ name }) => name).sort());
});

test('packages import only what their arrows allow', () => {
  const offences = crossings
    .filter(({ file, target }) => file.owner !== undefined && !isAllowed(file, file.owner, target))
    .map(({ file, line, target }) => words(file, line, SCOPE + target));
  assert.deepEqual(offences, [], 'arrows point down only: ARCHITECTURE.md, and ARROWS in tests/architecture/tables.ts');
});

test('packages are imported through their exports', () => {
  const offences = crossings.filter(({ target }) => {
    const [name = '', ...rest] = target.split('/');
    return packageOf(name)?.manifest.exports?.[['.', ...rest].join('/')] === undefined;
  });
  assert.deepEqual(
    offences.map(({ file, line, target }) => words(file, line, SCOPE + target)),
    [],
    'import what `exports` of that package’s package.json names, or add it there',
  );
});

test('what a manifest exports is there', () => {
  const missing = packages.flatMap(({ name, manifest }) =>
    Object.values(manifest.exports ?? {})
      .map((target) => posix.join('packages', name, target))
      .filter((path) => !existsSync(join(root, path))),
  );
  assert.deepEqual(missing, []);
});

test('relative imports name an existing file and stay in their package', () => {
  const offences = [...sources, ...tools].flatMap((file) =>
    file.imports
      .filter(({ specifier }) => specifier?.startsWith('.') && !isGoodRelative(file, specifier))
      .map(({ specifier = '', line }) => words(file, line, specifier)),
  );
  assert.deepEqual(offences, []);
});

test('every import names its module; nothing is required', () => {
  // The entry point loads a bundle of the sources, whose name follows from what is in it.
  const judged = sources.filter((file) => !file.isTest && file.path !== 'packages/cli/bin/stillframe.mjs');
  const unknown = judged.flatMap((file) =>
    file.imports.filter(({ specifier }) => specifier === undefined).map(({ line }) => `${file.path}:${line}`),
  );
  assert.deepEqual(unknown, []);
});

test('only tests import what belongs to tests', () => {
  const testFiles = new Set(sources.filter((file) => file.isTest).map(({ path }) => path));
  const offences = sources
    .filter((file) => !file.isTest)
    .flatMap((file) =>
      file.imports
        .filter(({ specifier }) => specifier?.startsWith('.') && testFiles.has(resolved(file, specifier)))
        .map(({ specifier = '', line }) => words(file, line, specifier)),
    );
  assert.deepEqual(offences, []);
});

test('an enclave imports nothing of the rest of its package and only the packages it may', () => {
  const offences = ENCLAVES.flatMap(({ owner, inside, packages: allowed }) => {
    const isInside = (path: string) => inside.some((part) => path.startsWith(`packages/${owner}/${part}`));
    const files = sources.filter((file) => !file.isTest && isInside(file.path));
    return files.flatMap((file) =>
      file.imports
        .filter(({ specifier = '' }) => {
          if (specifier.startsWith('.')) return !isInside(resolved(file, specifier));
          return specifier.startsWith(SCOPE) && !allowed.includes(specifier.split('/')[1] ?? '');
        })
        .map(({ specifier = '', line }) => words(file, line, specifier)),
    );
  });
  assert.deepEqual(offences, []);
});

test('packages do not import each other in a circle, tests included', () => {
  const edges = new Map(packages.map(({ name, files }) => [name, targetsOf(files)]));
  const circles = [...edges.keys()].flatMap((name) => circleFrom(name, [], edges) ?? []);
  assert.deepEqual([...new Set(circles)], []);
});

function isAllowed(file: SourceFile, owner: string, target: string): boolean {
  const own = ARROWS[owner] ?? [];
  const inTests: readonly Arrow[] = [...(TEST_ARROWS[owner] ?? []), ...(owner === 'core' ? [] : ['testkit'])];
  return [...own, ...(file.isTest ? inTests : [])].some((arrow) => {
    const { to, within } = typeof arrow === 'string' ? { to: arrow, within: '' } : arrow;
    return file.inner.startsWith(within) && (target === to || (!to.includes('/') && target.startsWith(`${to}/`)));
  });
}

function isGoodRelative(file: SourceFile, specifier: string): boolean {
  const path = resolved(file, specifier);
  if (!existsSync(join(root, path))) return false;
  return file.owner === undefined ? !path.startsWith('packages/') : path.startsWith(`packages/${file.owner}/`);
}

function resolved(file: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(file.path), specifier);
}

function targetsOf(files: readonly SourceFile[]): Set<string> {
  const names = files.flatMap((file) => file.imports.map(({ specifier }) => npmPackageOf(specifier ?? '.') ?? ''));
  return new Set(names.filter((name) => name.startsWith(SCOPE)).map((name) => name.slice(SCOPE.length)));
}

/** The first way back to a package that the way already holds: `a → b → a`. */
function circleFrom(name: string, way: readonly string[], edges: Map<string, Set<string>>): string | undefined {
  if (way.includes(name)) return [...way.slice(way.indexOf(name)), name].join(' → ');
  for (const next of edges.get(name) ?? []) {
    const circle = circleFrom(next, [...way, name], edges);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
