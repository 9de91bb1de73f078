import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PAGE, pagemapImage, pagesImage, setOf } from '../fixture.ts';
import { openStoredPages } from './stored-pages.ts';

test('a page is found from its place in the pages image, and its place from the page', async () => {
  const set = setOf({
    'pagemap-1.img': pagemapImage(1, [
      { from: 10, pages: 2, flags: 4 },
      { from: 12, pages: 1, flags: 6 },
      { from: 13, pages: 4, flags: 1 },
      { from: 40, pages: 1, flags: 4 },
      { from: 60, pages: 1, flags: 2 },
    ]),
    'pages-1.img': pagesImage(4),
  });
  const pages = (await openStoredPages(set, 'pagemap', 1)) ?? assert.fail();
  assert.deepEqual(
    [...pages.runs()],
    [
      { vaddr: 40960n, offset: 0, bytes: 3 * PAGE },
      { vaddr: 40n * 4096n, offset: 3 * PAGE, bytes: PAGE },
    ],
  );
  assert.equal(pages.vaddrOf(0), 40960n);
  assert.equal(pages.vaddrOf(2 * PAGE + 5), 12n * 4096n + 5n);
  assert.equal(pages.vaddrOf(3 * PAGE), 40n * 4096n);
  assert.equal(pages.vaddrOf(4 * PAGE), undefined);
  assert.equal(pages.vaddrOf(-1), undefined);
});

test('locating a captured byte and asking for its address are each other’s reverse', async () => {
  const plan = fc.array(fc.record({ gap: fc.nat(3), pages: fc.integer({ min: 1, max: 4 }), flags: fc.nat(7) }), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(plan, fc.constantFrom(1, 4, 16), async (steps, unitsPerPage) => {
      let next = 1;
      const entries = steps.map(({ gap, pages, flags }) => {
        const from = next + gap;
        next = from + pages;
        return { from, pages, flags };
      });
      const stored = entries.filter(({ flags }) => flags & 4).reduce((sum, { pages }) => sum + pages, 0);
      const set = setOf({
        'pagemap-1.img': pagemapImage(1, entries, unitsPerPage),
        'pages-1.img': pagesImage(stored, unitsPerPage * PAGE),
      });
      const pageSize = unitsPerPage * PAGE;
      const pages = (await openStoredPages(set, 'pagemap', 1, { pageSize })) ?? assert.fail();
      for (const run of pages.runs()) {
        for (let at = 0; at < run.bytes; at += 1000) {
          assert.equal(pages.vaddrOf(run.offset + at), run.vaddr + BigInt(at));
          const extent = pages.locate(run.vaddr + BigInt(at));
          assert.deepEqual([extent.state, extent.offset], ['captured', run.offset + at]);
        }
      }
      assert.ok(set.diagnostics.empty);
    }),
  );
});

test('the page size follows from the sizes of the two images', async () => {
  for (const size of [4096, 16384, 65536]) {
    const set = setOf({
      'pagemap-1.img': pagemapImage(
        1,
        [
          { from: 3, pages: 2, flags: 4 },
          { from: 7, pages: 1, flags: 4 },
        ],
        size / 4096,
      ),
      'pages-1.img': pagesImage(3, size),
    });
    assert.equal((await openStoredPages(set, 'pagemap', 1))?.pageSize, size);
    assert.ok(set.diagnostics.empty);
  }
});
