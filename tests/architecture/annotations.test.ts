/** Every name that begins with io.stillframe is documented, and every documented one is in the code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, sources } from './project.ts';

/** A whole name ends with a letter; a prefix, which a table completes, ends with what would go on. */
const NAME = /io\.stillframe[./][a-z][a-z./-]*[a-z](?![a-z./-])/g;
const PLACES = ['docs/compatibility.md', 'docs/sandbox.md'];

const documented = new Set(
  PLACES.flatMap((place) => readFileSync(join(root, place), 'utf8').split('\n'))
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => line.match(NAME) ?? []),
);
const code = sources.filter(({ path, isTest }) => path.startsWith('packages/') && !isTest);

test('what the code names is documented', () => {
  const unknown = code.flatMap(({ path, text }) =>
    (text.match(NAME) ?? []).filter((name) => !documented.has(name)).map((name) => `${path}: ${name}`),
  );
  assert.ok(code.some(({ text }) => text.match(NAME)));
  assert.deepEqual(unknown, [], `in no table of ${PLACES.join(', ')}`);
});

test('what is documented is in the code, whole or as prefix and rest', () => {
  const all = code.map(({ text }) => text).join('\n');
  const missing = [...documented].filter((name) => {
    const [, prefix = '', rest = ''] = /^(io\.stillframe\.[a-z]+[./])(.+)$/.exec(name) ?? [];
    const built = all.includes(`'${prefix}'`) || all.includes(`\`${prefix}\${`);
    return !all.includes(name) && !(built && new RegExp(`['\`}]${rest}['\`]`).test(all));
  });
  assert.ok(documented.size > 15, [...documented].join());
  assert.deepEqual(missing, []);
});
