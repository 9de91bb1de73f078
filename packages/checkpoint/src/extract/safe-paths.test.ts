import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codePoint } from '@stillframe/testkit/text';
import fc from 'fast-check';
import { SafePaths } from './safe-paths.ts';

/** As a filesystem that tells neither cases nor forms of Unicode apart. */
const folded = (path: string) => path.normalize('NFC').toLowerCase();

const name = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 300 }),
  fc.constantFrom(
    '..',
    '.',
    '',
    'a',
    'A',
    'é',
    'e\u0301',
    'con',
    'NUL.txt',
    'a.',
    'a ',
    '-rf',
    '\u202e',
    '\ud800',
    'x'.repeat(400),
  ),
);
const path = fc.array(name, { minLength: 1, maxLength: 40 }).map((parts) => parts.join('/'));

test('whatever the evidence names, a path stays below the folder, acts on nothing, and is nobody else’s', () => {
  const property = fc.property(fc.array(path, { maxLength: 30 }), (raws) => {
    const paths = new SafePaths();
    const given = raws.map((raw) => paths.claim(raw));
    const files = new Set(given.map(folded));
    assert.equal(files.size, given.length);
    for (const one of given) {
      assert.ok(Buffer.byteLength(one) < 2000);
      const parts = one.split('/');
      for (const part of parts) {
        assert.match(part, /^[^\p{Cc}\p{Cf}\p{Cs}<>:"\\|?*/]+$/u);
        assert.doesNotMatch(part, /[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        assert.ok(Buffer.byteLength(part) <= 255);
      }
      // No file stands where another one needs a folder.
      for (let depth = 1; depth < parts.length; depth += 1)
        assert.ok(!files.has(folded(parts.slice(0, depth).join('/'))));
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('a plain path is left as it is', () => {
  assert.equal(new SafePaths().claim('rootfs/var/lib/app/data 1.db'), 'rootfs/var/lib/app/data 1.db');
});

test('names that differ in case, or in nothing, get numbers; a folder stays one folder', () => {
  const paths = new SafePaths();
  assert.deepEqual(
    ['a/Readme', 'a/README', 'a/README', 'A/x', 'a/y', 'a'].map((raw) => paths.claim(raw)),
    ['a/Readme', 'a/README~2', 'a/README~3', 'A~2/x', 'a/y', 'a~3'],
  );
});
