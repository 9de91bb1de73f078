import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { scanPages } from './page-scan.ts';

async function hits(text: string, runs: [bigint, number, number][], needle: string, chunkSize?: number) {
  const found: [bigint, number][] = [];
  const pages = { source: bytesSource(Buffer.from(text)) };
  const list = runs.map(([vaddr, offset, bytes]) => ({ vaddr, offset, bytes, pages }));
  for await (const hit of scanPages(list, Buffer.from(needle), { chunkSize })) {
    found.push([hit.vaddr, hit.pagesOffset]);
  }
  return found;
}

test('a hit has the address of its run', async () => {
  assert.deepEqual(
    await hits(
      '..ab..ab',
      [
        [100n, 0, 4],
        [900n, 4, 4],
      ],
      'ab',
    ),
    [
      [102n, 2],
      [902n, 6],
    ],
  );
});

test('bytes that are neighbours in the image only are no hit', async () => {
  assert.deepEqual(
    await hits(
      '...ab...',
      [
        [100n, 0, 4],
        [900n, 4, 4],
      ],
      'ab',
    ),
    [],
  );
});

test('bytes that are neighbours in memory across two runs are a hit', async () => {
  assert.deepEqual(
    await hits(
      '...ab...',
      [
        [100n, 0, 4],
        [104n, 4, 4],
      ],
      'ab',
    ),
    [[103n, 3]],
  );
  assert.deepEqual(
    await hits(
      '...a####b...',
      [
        [100n, 0, 4],
        [104n, 8, 4],
      ],
      'ab',
    ),
    [[103n, 3]],
  );
});

test('a needle may span several runs', async () => {
  assert.deepEqual(
    await hits(
      '.abcd.',
      [
        [10n, 0, 2],
        [12n, 2, 2],
        [14n, 4, 2],
      ],
      'abcd',
    ),
    [[11n, 1]],
  );
  assert.deepEqual(
    await hits(
      '.abcd.',
      [
        [10n, 0, 2],
        [12n, 2, 2],
        [99n, 4, 2],
      ],
      'abcd',
    ),
    [],
  );
});

test('the size of the chunks changes nothing', async () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 60 });
  const needles = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      letters,
      needles,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 60 }),
      async (text, needle, chunk, cut) => {
        const at = Math.min(cut, text.length);
        const runs: [bigint, number, number][] = [
          [0n, 0, at],
          [BigInt(at), at, text.length - at],
        ];
        const expected: [bigint, number][] = [];
        for (let i = text.indexOf(needle); i >= 0; i = text.indexOf(needle, i + 1)) expected.push([BigInt(i), i]);
        assert.deepEqual(
          await hits(
            text,
            runs.filter(([, , bytes]) => bytes > 0),
            needle,
            chunk,
          ),
          expected,
        );
      },
    ),
  );
});
