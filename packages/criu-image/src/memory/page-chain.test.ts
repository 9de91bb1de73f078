import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Entry, filesOf, mmImage, PAGE, pagemapImage, pagesImage } from '../fixture.ts';
import { type ImageSet, openImageSet } from '../image-set.ts';
import { openAddressSpace } from './address-space.ts';
import { PageFlag } from './pagemap-entry.ts';
import { VmaStatus } from './vma-status.ts';

const { PARENT, PRESENT } = PageFlag;
const FIRST = 10;
const PAGES = 24;
const mm = mmImage([{ from: FIRST, pages: PAGES, status: VmaStatus.ANON_PRIVATE }]);

function setOf(files: Record<string, Uint8Array>, parent?: ImageSet): ImageSet {
  return openImageSet(filesOf(new Map(Object.entries(files))), { parent, folder: parent ? 'child' : 'parent' });
}

/** One dump whose page n is stored (a number fills it), left to the dump before, or not spoken of. */
function dumpOf(pages: readonly (number | 'parent' | undefined)[], split: boolean, parent?: ImageSet): ImageSet {
  const entries: Entry[] = [];
  const bytes: Buffer[] = [];
  for (const [index, page] of pages.entries()) {
    if (page === undefined) continue;
    const flags = page === 'parent' ? PARENT : PRESENT;
    if (page !== 'parent') bytes.push(Buffer.alloc(PAGE, page));
    const last = entries.at(-1);
    if (!split && last?.flags === flags && last.from + last.pages === FIRST + index) last.pages += 1;
    else entries.push({ from: FIRST + index, pages: 1, flags });
  }
  const files = { 'mm-1.img': mm, 'pagemap-1.img': pagemapImage(1, entries), 'pages-1.img': Buffer.concat(bytes) };
  return setOf(files, parent);
}

test('however a chain of dumps splits its pages, it reads as the full dump does', async () => {
  const pages = fc.array(fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 255 })), {
    minLength: PAGES,
    maxLength: PAGES,
  });
  const levels = fc.array(fc.array(fc.boolean(), { minLength: PAGES, maxLength: PAGES }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(pages, levels, fc.boolean(), async (full, kept, split) => {
      // The oldest dump has all pages; each later one leaves some of them to the dump before.
      let set = dumpOf(full, split);
      for (const keep of kept) {
        set = dumpOf(
          full.map((page, i) => (page === undefined || keep[i] ? page : 'parent')),
          !split,
          set,
        );
      }
      const space = (await openAddressSpace(set, 1)) ?? assert.fail();
      const bytes = new Uint8Array(PAGES * PAGE);
      const ranges = await space.read(BigInt(FIRST * PAGE), bytes);
      assert.deepEqual(
        [...Array(PAGES).keys()].map((page) => bytes[page * PAGE + 7]),
        full.map((page) => page ?? 0),
      );
      assert.ok(ranges.every(({ state }) => state === 'captured' || state === 'zero'));
      const inRuns = [...space.capturedRuns()].reduce((sum, run) => sum + run.bytes, 0);
      assert.equal(inRuns, full.filter((page) => page !== undefined).length * PAGE);
    }),
    { numRuns: 200 },
  );
});

test('a page that the dump before does not have either is damage, one of a dump that is not given is in the parent', async () => {
  const pages: (number | 'parent' | undefined)[] = Array(PAGES).fill('parent');
  const alone = (await openAddressSpace(dumpOf(pages, false), 1)) ?? assert.fail();
  assert.deepEqual(await alone.read(BigInt(FIRST * PAGE), new Uint8Array(PAGE)), [
    { vaddr: BigInt(FIRST * PAGE), bytes: PAGE, state: 'absent', reason: 'in-parent' },
  ]);
  for (const parent of [dumpOf(Array(PAGES).fill(undefined), false), setOf({})]) {
    const space = (await openAddressSpace(dumpOf(pages, false, parent), 1)) ?? assert.fail();
    const [range] = await space.read(BigInt(FIRST * PAGE), new Uint8Array(PAGE));
    assert.deepEqual(range?.state === 'absent' && range.reason, 'damaged');
  }
});

test('a needle may begin in one dump’s pages and end in the other’s: runs follow memory, not files', async () => {
  const parent = dumpOf([1, 2, 3, 4, ...Array(PAGES - 4).fill(undefined)], false);
  const set = dumpOf([9, 'parent', 'parent', 8, ...Array(PAGES - 4).fill(undefined)], false, parent);
  const space = (await openAddressSpace(set, 1)) ?? assert.fail();
  const runs = [...space.capturedRuns()].map(({ vaddr, offset, bytes, pages }) => [
    Number(vaddr) / PAGE - FIRST,
    offset / PAGE,
    bytes / PAGE,
    space.chain.levels.indexOf(pages),
  ]);
  assert.deepEqual(runs, [
    [0, 0, 1, 0],
    [1, 1, 2, 1],
    [3, 1, 1, 0],
  ]);
});

test('faults of an earlier dump name its folder', async () => {
  const entries = [{ from: FIRST, pages: 3, flags: PRESENT }];
  const short = { 'mm-1.img': mm, 'pagemap-1.img': pagemapImage(1, entries), 'pages-1.img': pagesImage(2) };
  const parent = setOf(short);
  const space = await openAddressSpace(dumpOf(['parent'], false, parent), 1);
  assert.ok(space);
  assert.deepEqual(
    parent.diagnostics.list.map(({ source }) => source),
    ['parent/pages-1.img'],
  );
});
