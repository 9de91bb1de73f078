import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@stillframe/checkpoint';
import { VmaStatus } from '@stillframe/criu-image';
import type { PatternMatch, ScanOptions } from './match.ts';
import { madeImages, PAGE } from './memory.fixture.ts';
import type { NamedPattern } from './pattern.ts';
import { scanMemory } from './scan-memory.ts';

const { ANON_SHARED, MEMFD, HEAP } = VmaStatus;
const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/podman-redis.tar', import.meta.url));

const literal = (text: string): NamedPattern => ({ id: text, pattern: { kind: 'literal', bytes: Buffer.from(text) } });
const regex = (source: string): NamedPattern => ({ id: source, pattern: { kind: 'regex', source } });

/** Pages of dots with texts at given places. */
function pages(count: number, ...texts: readonly (readonly [at: number, text: string])[]): Uint8Array {
  const bytes = Buffer.alloc(count * PAGE, 0x2e);
  for (const [at, text] of texts) bytes.write(text, at, 'latin1');
  return bytes;
}

const place = ({ pattern, pid, vaddr, image, pagesOffset }: PatternMatch) => [pattern, pid, vaddr, image, pagesOffset];

async function scan(images: ReturnType<typeof madeImages>, patterns: readonly NamedPattern[], options?: ScanOptions) {
  const found = await Array.fromAsync(scanMemory({ images }, patterns, options));
  assert.deepEqual(images.diagnostics.list, []);
  return found.map(place);
}

test('a match may lie across pages, runs and VMAs that follow each other, never across a gap', async () => {
  const images = madeImages([
    {
      pid: 1,
      vmas: [
        { from: 10, pages: 2 },
        { from: 12, pages: 4, prot: 1 },
      ],
      runs: [
        { from: 10, bytes: pages(2, [PAGE - 2, 'page'], [2 * PAGE - 3, 'vma']) },
        { from: 12, bytes: pages(1, [0, '-border'], [PAGE - 3, 'gap']) },
        { from: 14, bytes: pages(1, [0, '-over']) },
      ],
    },
  ]);
  assert.deepEqual(await scan(images, [literal('page'), literal('vma-border'), literal('gap-over'), regex('gap.?')]), [
    ['page', 1, BigInt(11 * PAGE - 2), 'pagemap-1', PAGE - 2],
    ['vma-border', 1, BigInt(12 * PAGE - 3), 'pagemap-1', 2 * PAGE - 3],
    ['gap.?', 1, BigInt(13 * PAGE - 3), 'pagemap-1', 3 * PAGE - 3],
  ]);
});

test('what processes share is found in each of them, also where it goes on in memory of their own', async () => {
  const images = madeImages(
    [
      { pid: 1, vmas: [{ from: 10, pages: 2, status: ANON_SHARED, shmid: 7 }], runs: [] },
      {
        pid: 2,
        vmas: [
          { from: 49, pages: 1 },
          { from: 50, pages: 1, status: ANON_SHARED, shmid: 7, offset: 1 },
          { from: 51, pages: 1 },
        ],
        runs: [
          { from: 49, bytes: pages(1, [PAGE - 4, 'own-']) },
          { from: 51, bytes: pages(1, [0, '-own']) },
        ],
      },
    ],
    [
      {
        id: 7,
        runs: [{ from: 0, bytes: pages(2, [PAGE, 'shared'], [PAGE + 100, 'second page'], [2 * PAGE - 4, 'last']) }],
      },
    ],
  );
  assert.deepEqual(
    await scan(images, [literal('second page'), literal('own-shared'), regex('last(-own)?'), literal('d')]),
    [
      ['d', 1, BigInt(11 * PAGE + 5), 'pagemap-shmem-7', PAGE + 5],
      ['second page', 1, BigInt(11 * PAGE + 100), 'pagemap-shmem-7', PAGE + 100],
      ['d', 1, BigInt(11 * PAGE + 105), 'pagemap-shmem-7', PAGE + 105],
      ['last(-own)?', 1, BigInt(12 * PAGE - 4), 'pagemap-shmem-7', 2 * PAGE - 4],
      ['own-shared', 2, BigInt(50 * PAGE - 4), 'pagemap-2', PAGE - 4],
      ['d', 2, BigInt(50 * PAGE + 5), 'pagemap-shmem-7', PAGE + 5],
      ['second page', 2, BigInt(50 * PAGE + 100), 'pagemap-shmem-7', PAGE + 100],
      ['d', 2, BigInt(50 * PAGE + 105), 'pagemap-shmem-7', PAGE + 105],
      ['last(-own)?', 2, BigInt(51 * PAGE - 4), 'pagemap-shmem-7', 2 * PAGE - 4],
    ],
  );
});

test('a memfd is reached by its file; a segment that nobody maps comes last, unless something is chosen', async () => {
  const images = madeImages(
    [{ pid: 2, vmas: [{ from: 70, pages: 1, status: MEMFD, shmid: 3 }], runs: [] }],
    [
      { id: 8, memfd: 3, runs: [{ from: 0, bytes: pages(1, [5, 'in a memfd']) }] },
      { id: 9, runs: [{ from: 0, bytes: pages(1, [9, 'in nobody']) }] },
    ],
  );
  const memfd = ['in ', 2, BigInt(70 * PAGE + 5), 'pagemap-shmem-8', 5];
  assert.deepEqual(await scan(images, [literal('in ')]), [memfd, ['in ', undefined, 9n, 'pagemap-shmem-9', 9]]);
  assert.deepEqual(await scan(images, [literal('in ')], { filter: { pids: [2] } }), [memfd]);
  assert.deepEqual(await scan(images, [literal('in ')], { filter: { types: ['memfd'] } }), [memfd]);
});

test('only what is chosen is looked at', async () => {
  const images = madeImages([
    {
      pid: 1,
      vmas: [
        { from: 10, pages: 1, status: HEAP },
        { from: 11, pages: 1, prot: 5 },
        { from: 12, pages: 1, prot: 7 },
      ],
      runs: [{ from: 10, bytes: pages(3, [8, 'x'], [PAGE + 8, 'x'], [2 * PAGE - 1, 'yx'], [3 * PAGE - 1, 'x']) }],
    },
  ]);
  const found = async (options: ScanOptions) =>
    (await scan(images, [literal('x')], options)).map(([, , vaddr]) => Number(vaddr) - 10 * PAGE);
  assert.deepEqual(await found({}), [8, PAGE + 8, 2 * PAGE, 3 * PAGE - 1]);
  assert.deepEqual(await found({ filter: { protection: 'x' } }), [PAGE + 8, 2 * PAGE, 3 * PAGE - 1]);
  assert.deepEqual(await found({ filter: { protection: 'rwx' } }), [2 * PAGE, 3 * PAGE - 1]);
  assert.deepEqual(await found({ filter: { types: ['heap', 'stack'] } }), [8]);
  assert.deepEqual(await found({ filter: { backing: 'he*p' } }), [8]);
  assert.deepEqual(await found({ filter: { backing: 'anon' } }), [PAGE + 8, 2 * PAGE, 3 * PAGE - 1]);
  const addresses = { start: BigInt(11 * PAGE), end: BigInt(13 * PAGE - 1) };
  assert.deepEqual(await found({ filter: { addresses } }), [PAGE + 8, 2 * PAGE]);
  const changed = () => [{ start: BigInt(12 * PAGE), end: BigInt(13 * PAGE) }];
  assert.deepEqual(await found({ changed }), [2 * PAGE, 3 * PAGE - 1]);
  const touching = await scan(images, [literal('yx'), regex('\\.{3}(?=y)')], { changed });
  assert.deepEqual(
    touching.map(([id]) => id),
    ['yx'],
    'a match that begins before a page touches it',
  );
  assert.deepEqual(await found({ filter: { pids: [2] } }), []);
  const split = await scan(images, [literal('yx')], { filter: { addresses: { start: 0n, end: BigInt(12 * PAGE) } } });
  assert.deepEqual(split, [], 'what is left out is a gap');
  await assert.rejects(found({ filter: { protection: 'q' } }), { code: 'ERR_SEARCH_FILTER' });
});

test('keys and values are found in the memory of redis-server, where they say they are', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const needles = ['user:1', 'card', '4111111111111111', 'no such text in this memory'];
  const counts = new Map(needles.map((needle) => [needle, 0]));
  for await (const match of scanMemory(checkpoint, needles.map(literal), { filter: { pids: [6] } })) {
    const { pattern, comm, vaddr, vma, bytes, context, contextOffset } = match;
    counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
    assert.equal(comm, 'redis-server');
    assert.ok(vma && vma.start <= vaddr && vaddr < vma.end);
    assert.equal(Buffer.from(context).toString('latin1', contextOffset, contextOffset + bytes), pattern);
  }
  assert.ok(needles.slice(0, 3).every((needle) => (counts.get(needle) ?? 0) > 0));
  assert.equal(counts.get('no such text in this memory'), 0);
});

test('threads, chunks and patterns beside it change nothing of what is found', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const all = [literal('redis'), regex('[a-z]+\\d{3,}'), regex('user:\\d'), literal('no such text')];
  const found = (patterns: readonly NamedPattern[], options: ScanOptions) =>
    Array.fromAsync(scanMemory(checkpoint, patterns, options));
  const whole = await found(all, { workers: 0 });
  assert.ok(whole.length > 50);
  assert.deepEqual(await found(all, { workers: 2 }), whole);
  assert.deepEqual(await found(all, { workers: 0, chunkSize: 8192 }), whole);
  assert.deepEqual(await found(all, { workers: 3, chunkSize: 50_000 }), whole);
  assert.deepEqual(await found(all, { workers: 2, limit: 10 }), whole.slice(0, 10));
  for (const each of all) {
    const alone = await found([each], { workers: 0 });
    assert.deepEqual(
      alone,
      whole.filter(({ pattern }) => pattern === each.id),
      each.id,
    );
  }
});

test('an interrupt is noticed between the matches of one block', async () => {
  const images = madeImages([
    { pid: 7, vmas: [{ from: 16, pages: 16 }], runs: [{ from: 16, bytes: new Uint8Array(16 * PAGE).fill(0x61) }] },
  ]);
  const interrupt = new AbortController();
  const asked = { workers: 0, limit: Number.POSITIVE_INFINITY, signal: interrupt.signal };
  let matches = 0;
  await assert.rejects(
    async () => {
      for await (const _ of scanMemory({ images }, [{ id: 'any', pattern: { kind: 'regex', source: '.' } }], asked)) {
        matches += 1;
        if (matches === 1) globalThis.setImmediate(() => interrupt.abort());
      }
    },
    { name: 'AbortError' },
  );
  assert.ok(matches < 16 * PAGE, `${matches} matches`);
});
