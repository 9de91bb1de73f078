import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { UndoStack } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { openImageSet, VmaStatus } from '@stillframe/criu-image';
import fc from 'fast-check';
import { LONGEST_MATCH } from './bounds.ts';
import type { PatternMatch, ScanOptions } from './match.ts';
import { type MadeProcess, type MadeSegment, madeFiles, madeImages, PAGE } from './memory.fixture.ts';
import type { NamedPattern, Pattern } from './pattern.ts';
import { scanMemory } from './scan-memory.ts';

/** Memory is mostly dots, so that few letters meet often; borders of pages are where it gets hard. */
const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), minLength: 1, maxLength: 5 });
const placed = fc.array(
  fc.record({ text: letters, at: fc.oneof(fc.integer({ min: -4, max: 3 }), fc.integer({ min: 0, max: PAGE - 1 })) }),
  { maxLength: 8 },
);
/** Expressions take the square of a run of one letter: two pages are longer than any match, and enough. */
const run = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({ gap: fc.nat(2), pages: fc.integer({ min: 1, max: 3 }), placed, filled: fc.constant('.') }),
  },
  { weight: 1, arbitrary: fc.record({ gap: fc.nat(2), pages: fc.constant(2), placed, filled: fc.constant('a') }) },
);
const runs = fc.array(run, { maxLength: 4 });

function madeRuns(list: readonly (typeof run extends fc.Arbitrary<infer R> ? R : never)[], first: number) {
  let from = first;
  return list.map(({ gap, pages, placed: texts, filled }) => {
    const bytes = Buffer.alloc(pages * PAGE, filled);
    for (const { text, at } of texts) bytes.write(text, (at + bytes.length) % bytes.length, 'latin1');
    const begin = from + gap;
    from = begin + pages;
    return { from: begin, bytes };
  });
}

/** Two processes that map parts of one segment amid private memory, and a third that has none of it. */
const memory = fc
  .record({
    segment: runs,
    own: fc.array(runs, { minLength: 3, maxLength: 3 }),
    offset: fc.nat(3),
    pages: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ segment, own, offset, pages }): { processes: MadeProcess[]; segments: MadeSegment[] } => ({
    segments: [{ id: 7, runs: madeRuns(segment, 0) }],
    processes: own.map((list, i) => {
      const before = madeRuns(list.slice(0, 2), 100).filter(
        ({ from, bytes }) => from * PAGE + bytes.length <= 110 * PAGE,
      );
      const moved = i === 0 ? 0 : offset;
      const shared = { from: 110, pages, status: VmaStatus.ANON_SHARED, shmid: 7, offset: moved };
      const vmas = [{ from: 100, pages: 10 }, ...(i < 2 ? [shared] : []), { from: 110 + pages, pages: 60 }];
      return { pid: i + 1, vmas, runs: [...before, ...madeRuns(list.slice(2), 110 + pages)] };
    }),
  }));

const pattern: fc.Arbitrary<Pattern> = fc.oneof(
  fc.record({
    kind: fc.constant('literal' as const),
    bytes: letters.map((text) => Buffer.from(text)),
    ignoreCase: fc.boolean(),
  }),
  fc
    .constantFrom('a+b', '(?:ab|ba)+', 'b[aA]{2}', '\\bab', 'a(?!b)', '(?<=b)a{1,3}', 'b.?b', 'A[^]{0,20}A', 'ab*?a')
    .map((source) => ({ kind: 'regex' as const, source })),
  fc
    .constantFrom('61 62', '61 ?? 62', '6? 41', '61 [0-3] 62', '(61 | 62 62) 41')
    .map((source) => ({ kind: 'hex' as const, source })),
);
const patterns = fc
  .array(pattern, { minLength: 1, maxLength: 5 })
  .map((list) => list.map((each, i) => ({ id: `${i}`, pattern: each })));

/** What the definition says, without any care for speed. */
function expected(
  { processes, segments }: { processes: MadeProcess[]; segments: MadeSegment[] },
  list: readonly NamedPattern[],
) {
  const found: unknown[] = [];
  for (const { pid, vmas, runs: own } of processes) {
    const captured = new Map<number, Buffer>();
    const put = (from: number, bytes: Uint8Array) => {
      for (let i = 0; i < bytes.length / PAGE; i += 1)
        captured.set(from + i, Buffer.from(bytes.subarray(i * PAGE, (i + 1) * PAGE)));
    };
    for (const { from, pages, offset = 0, shmid } of vmas) {
      if (shmid === undefined) continue;
      for (const shared of segments[0]?.runs ?? []) {
        for (let i = 0; i < shared.bytes.length / PAGE; i += 1) {
          const page = shared.from + i - offset;
          if (page >= 0 && page < pages) put(from + page, shared.bytes.subarray(i * PAGE, (i + 1) * PAGE));
        }
      }
    }
    for (const { from, bytes } of own) put(from, bytes);
    found.push(...matchesIn(captured, list).map((match) => ({ pid, ...match })));
  }
  return found;
}

function matchesIn(captured: ReadonlyMap<number, Buffer>, list: readonly NamedPattern[]) {
  const found: { pattern: string; vaddr: bigint; text: string }[] = [];
  for (let page = 0; page < 200; page += 1) {
    if (!captured.has(page) || captured.has(page - 1)) continue;
    const parts: Buffer[] = [];
    for (let i = page; captured.has(i); i += 1) parts.push(captured.get(i) ?? Buffer.alloc(0));
    const text = Buffer.concat(parts).toString('latin1');
    const here = list.flatMap(({ id, pattern: each }, order) =>
      plainMatches(plainly(each), text).map(([index, match]) => ({ order, id, index, match })),
    );
    here.sort((a, b) => a.index - b.index || a.order - b.order);
    found.push(
      ...here.map(({ id, index, match }) => ({ pattern: id, vaddr: BigInt(page * PAGE + index), text: match })),
    );
  }
  return found;
}

/** One after the other; one that is too long is what is found where no more is seen from its begin on. */
function plainMatches(expression: RegExp, text: string): [index: number, match: string][] {
  const found: [number, string][] = [];
  const cut = new RegExp(expression.source, expression.flags.replace('g', 'y'));
  for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
    const { index } = match;
    cut.lastIndex = index;
    const [whole = ''] =
      (match[0].length > LONGEST_MATCH ? cut.exec(text.slice(0, index + LONGEST_MATCH)) : match) ?? [];
    if (whole !== '') found.push([index, whole]);
    expression.lastIndex = index + Math.max(1, whole.length);
  }
  return found;
}

/** Our hexadecimal patterns as expressions, by hand. */
const HEX: Readonly<Record<string, string>> = {
  '61 62': 'ab',
  '61 ?? 62': 'a[^]b',
  '6? 41': '[\\x60-\\x6f]A',
  '61 [0-3] 62': 'a[^]{0,3}?b',
  '(61 | 62 62) 41': '(?:a|bb)A',
};

function plainly(each: Pattern): RegExp {
  if (each.kind === 'hex') return new RegExp(HEX[each.source] ?? '', 'gm');
  if (each.kind === 'regex') return new RegExp(each.source, 'gm');
  return new RegExp(Buffer.from(each.bytes).toString('latin1'), each.ignoreCase ? 'gi' : 'g');
}

const shape = ({ pattern: id, pid, vaddr, bytes, context, contextOffset }: PatternMatch) => ({
  ...{ pid, pattern: id, vaddr },
  text: Buffer.from(context).toString('latin1', contextOffset, contextOffset + bytes),
});

test('all matches are found, in order, whatever lies where and however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(memory, patterns, fc.integer({ min: 900, max: 9000 }), async (made, list, chunkSize) => {
      const wanted = expected(made, list);
      for (const options of [{}, { chunkSize }] satisfies ScanOptions[]) {
        const images = madeImages(made.processes, made.segments);
        const found = await Array.fromAsync(scanMemory({ images }, list, { ...options, workers: 0 }));
        assert.deepEqual(found.filter(({ pid }) => pid !== undefined).map(shape), wanted);
      }
    }),
    { numRuns: 20 },
  );
});

test('threads find the same in files', async () => {
  await using closing = new UndoStack();
  const folder = await mkdtemp(join(tmpdir(), 'search-'));
  closing.push('folder', () => rm(folder, { recursive: true }));
  await fc.assert(
    fc.asyncProperty(memory, patterns, fc.integer({ min: 500, max: 9000 }), async (made, list, chunkSize) => {
      await using open = new UndoStack();
      const sources = new Map<string, Awaited<ReturnType<typeof openFileSource>>>();
      for (const [name, bytes] of madeFiles(made.processes, made.segments)) {
        await writeFile(join(folder, name), bytes);
        const source = await openFileSource(join(folder, name));
        open.push(name, () => source[Symbol.asyncDispose]());
        sources.set(name, source);
      }
      const images = openImageSet({ names: () => sources.keys(), open: (name) => sources.get(name) });
      const found = await Array.fromAsync(scanMemory({ images }, list, { chunkSize, workers: 2 }));
      assert.deepEqual(found.filter(({ pid }) => pid !== undefined).map(shape), expected(made, list));
    }),
    { numRuns: 8 },
  );
});
