import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressSpace } from '@stillframe/criu-image';
import fc from 'fast-check';
import { outsideMappings } from './outside-mappings.ts';

const PAGE = 4096n;
/** Stretches of pages, ascending and apart. */
const stretches = fc
  .uniqueArray(fc.nat(60), { maxLength: 24 })
  .map((ends) => ends.toSorted((a, b) => a - b))
  .map((ends) => ends.flatMap((from, i) => (i % 2 === 0 ? [{ from, to: ends[i + 1] ?? from + 3 }] : [])));
const pagesOf = (all: readonly { from: number; to: number }[]) =>
  all.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));

test('what lies in no mapping, page by page', () => {
  fc.assert(
    fc.property(stretches, stretches, (captured, mapped) => {
      const space = {
        pid: 7,
        vmas: mapped.map(({ from, to }) => ({ start: BigInt(from) * PAGE, end: BigInt(to) * PAGE })),
        chain: {
          *runs() {
            for (const { from, to } of captured) yield { vaddr: BigInt(from) * PAGE, bytes: (to - from) * 4096 };
          },
        },
      } as unknown as AddressSpace;
      const found = [...outsideMappings(space)].flatMap(({ start, end }) =>
        Array.from({ length: Number((end - start) / PAGE) }, (_, i) => Number(start / PAGE) + i),
      );
      const inside = new Set(pagesOf(mapped));
      assert.deepEqual(
        found,
        pagesOf(captured).filter((page) => !inside.has(page)),
      );
    }),
  );
});
