import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { fixtureFiles, frame, image, PAGE } from '../fixture.ts';
import { framedKind } from '../image-set.ts';
import { readPagemap } from '../memory/pagemap.ts';
import { PageFlag } from '../memory/pagemap-entry.ts';
import { pagemap_entrySchema, pagemap_headSchema } from '../proto.ts';
import { type PageRun, type StoredEntry, splitPagemap } from './pagemap-split.ts';

const { PRESENT, LAZY } = PageFlag;
const MAGIC = 0x56084025;
const at = (page: number) => BigInt(page * PAGE);
const head = frame(pagemap_headSchema, { pagesId: 3 });

/** As CRIU 4.2 writes an entry, and as CRIU 4.1 does. */
const forms = {
  'CRIU 4.2': (page: number, pages: number, flags: number) =>
    frame(pagemap_entrySchema, { vaddr: at(page), compatNrPages: 0, nrPages: BigInt(pages), flags }),
  'CRIU 4.1': (page: number, pages: number, flags: number) =>
    frame(pagemap_entrySchema, { vaddr: at(page), compatNrPages: pages, flags }),
} as const;

function split(source: Uint8Array, keep: (entry: StoredEntry) => readonly PageRun[] | undefined) {
  return splitPagemap('pagemap', bytesSource(source), { pageSize: PAGE, keep: async (entry) => keep(entry) });
}

for (const [criu, entry] of Object.entries(forms)) {
  test(`an entry of ${criu} becomes one a run, in the form it had; others keep their bytes`, async () => {
    const before = image(MAGIC, head, entry(1, 2, PRESENT), entry(16, 9, PRESENT | LAZY), entry(40, 3, PRESENT));
    const asked: StoredEntry[] = [];
    const after = await split(before, (stored) => {
      asked.push(stored);
      if (stored.vaddr === at(16))
        return [
          { first: 1, pages: 3 },
          { first: 8, pages: 1 },
        ];
      return stored.vaddr === at(40) ? [] : undefined;
    });
    assert.deepEqual(
      after,
      image(MAGIC, head, entry(1, 2, PRESENT), entry(17, 3, PRESENT | LAZY), entry(24, 1, PRESENT | LAZY)),
    );
    assert.deepEqual(
      asked.map(({ vaddr, pages, storedBefore }) => [vaddr, pages, storedBefore]),
      [
        [at(1), 2, 0],
        [at(16), 9, 2],
        [at(40), 3, 11],
      ],
    );
  });
}

test('where every page stays there is nothing to write', async () => {
  for (const name of ['crio-counter', 'containerd-counter'] as const) {
    const files = [...fixtureFiles(name)].filter(([file]) => /^pagemap-\d+/.test(file));
    assert.ok(files.length > 0);
    for (const [, pagemap] of files) assert.equal(await split(pagemap, () => undefined), undefined);
  }
});

test('all pages but those left out are where they were, and fields that are not known are kept', async () => {
  const run = fc.record({
    gap: fc.integer({ min: 1, max: 5 }),
    kept: fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 6 }), fc.boolean(), async (runs, old) => {
      let next = 10;
      const entries: { from: number; kept: boolean[] }[] = [];
      for (const { gap, kept } of runs) {
        entries.push({ from: next + gap, kept });
        next += gap + kept.length;
      }
      // Field 200, a varint, which no CRIU has yet.
      const unknown = Buffer.from([0xc0, 0x0c, 42]);
      const made = entries.map(({ from, kept }) => {
        const bytes = forms[old ? 'CRIU 4.1' : 'CRIU 4.2'](from, kept.length, PRESENT);
        const longer = Buffer.concat([bytes, unknown]);
        longer.writeUInt32LE(bytes.length - 4 + unknown.length, 0);
        return longer;
      });
      const after = await split(image(MAGIC, head, ...made), ({ vaddr }) =>
        runsOf(entries.find(({ from }) => at(from) === vaddr)?.kept ?? assert.fail()),
      );
      const map = await readPagemap(framedKind('pagemap'), bytesSource(after ?? assert.fail()), ({ message }) =>
        assert.fail(message),
      );
      const pages = [...map.units].flatMap((unit, index) =>
        Array.from(Array(map.pages[index]), (_, page) => unit + page),
      );
      assert.deepEqual(
        pages,
        entries.flatMap(({ from, kept }) => kept.flatMap((stays, page) => (stays ? [from + page] : []))),
      );
      assert.equal(
        Buffer.from(after ?? [])
          .toString('latin1')
          .split(unknown.toString('latin1')).length - 1,
        map.length,
      );
    }),
  );
});

function runsOf(kept: readonly boolean[]): PageRun[] {
  const runs: PageRun[] = [];
  for (const [page, stays] of kept.entries()) {
    const last = runs.at(-1);
    if (!stays) continue;
    if (last && last.first + last.pages === page) last.pages += 1;
    else runs.push({ first: page, pages: 1 });
  }
  return runs;
}

test('a damaged pagemap is not written anew', async () => {
  const sound = image(MAGIC, head, forms['CRIU 4.2'](1, 2, PRESENT));
  for (const hurt of [sound.subarray(0, -1), Buffer.concat([sound, Buffer.from([3, 0, 0, 0, 0xff, 0xff, 0xff])])]) {
    await assert.rejects(
      split(hurt, () => []),
      { code: 'ERR_CRIU_EDIT_DAMAGED' },
    );
  }
  await assert.rejects(
    split(image(0x1234, head), () => []),
    { code: 'ERR_CRIU_EDIT_DAMAGED' },
  );
});

test('one that would fall into more entries than are good for a restore is refused', async () => {
  const pages = 2_100_000;
  const source = image(MAGIC, head, forms['CRIU 4.2'](1, pages, PRESENT));
  const every = Array.from({ length: pages / 2 }, (_, run) => ({ first: run * 2, pages: 1 }));
  await assert.rejects(
    split(source, () => every),
    { code: 'ERR_CRIU_EDIT_SCATTERED' },
  );
});
