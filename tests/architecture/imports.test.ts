import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinOf, importsOf, npmPackageOf } from './imports.ts';

const specifiers = (text: string) => importsOf(text).map(({ specifier }) => specifier);

test('every form of import and re-export is seen, types too', () => {
  const text = [
    "import 'side-effect';",
    "import whole, { part } from 'default';",
    "import * as all from 'all';",
    "import type { T } from 'type';",
    "import { type U } from 'inline-type';",
    "import {\n  many,\n  lines,\n} from 'lines';",
    "export * from 'star';",
    "export * as named from 'named-star';",
    "export { x } from 'named';",
    "export type { Y } from 'named-type';",
    "const later = () => import('dynamic');",
    "type Z = import('in-type').Z;",
  ].join('\n');
  const names = 'side-effect default all type inline-type lines star named-star named named-type dynamic in-type';
  assert.deepEqual(specifiers(text), names.split(' '));
});

test('an import of an expression, and require, are seen as unknown', () => {
  const text = 'await import(path);\nconst r = create' + "Require(import.meta.url);\nrequire('x');";
  assert.deepEqual(specifiers(text), [undefined, undefined, undefined]);
});

test('what only looks like an import is passed over', () => {
  const text = "const text = 'import it from here';\nexport const a = Array.from('abc');\nimport.meta.url;\n";
  assert.deepEqual(specifiers(text), []);
});

test('a specifier gives its module of Node.js or its npm package', () => {
  assert.equal(builtinOf('node:fs/promises'), 'fs/promises');
  assert.equal(builtinOf('net'), 'net');
  assert.equal(builtinOf('./net.ts'), undefined);
  assert.equal(npmPackageOf('@scope/name/sub/path'), '@scope/name');
  assert.equal(npmPackageOf('name/sub'), 'name');
  assert.equal(npmPackageOf('node:test'), undefined);
});
