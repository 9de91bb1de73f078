import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { openImageSet, VmaStatus } from '@stillframe/criu-image';
import { searchMemory } from './memory-search.ts';

type Field = readonly [number: number, value: bigint | Uint8Array];

/** A protobuf varint. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

function message(...fields: Field[]): Uint8Array {
  const parts = fields.map(([number, value]) =>
    typeof value === 'bigint'
      ? Buffer.from([...varint(BigInt(number << 3)), ...varint(value)])
      : Buffer.concat([Buffer.from([...varint(BigInt((number << 3) | 2)), ...varint(BigInt(value.length))]), value]),
  );
  return Buffer.concat(parts);
}

/** A CRIU image: two magics, then messages with their lengths. */
function image(magic: number, ...messages: Uint8Array[]): Uint8Array {
  const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  return Buffer.concat([words(0x54564319, magic), ...messages.flatMap((bytes) => [words(bytes.length), bytes])]);
}

const PAGE = 4096n;
const vma = (start: bigint, pages: bigint, pgoff: bigint, shmid: bigint, status: number) =>
  message(
    [1, start],
    [2, start + pages * PAGE],
    [3, pgoff],
    [4, shmid],
    [5, 3n],
    [6, 0n],
    [7, BigInt(status)],
    [8, 0n],
  );
const required: Field[] = Array.from({ length: 12 }, (_, i) => [i + 1, 0n]);
const mm = (...vmas: Uint8Array[]) =>
  image(0x57492820, message(...required, ...vmas.map((bytes): Field => [14, bytes])));
const pagemap = (id: bigint, ...entries: (readonly [vaddr: bigint, pages: bigint])[]) =>
  image(
    0x56084025,
    message([1, id]),
    ...entries.map(([vaddr, pages]) => message([1, vaddr], [2, 0n], [4, 4n], [5, pages])),
  );
const task = (pid: bigint) => message([1, pid], [2, 0n], [3, pid], [4, pid], [5, pid]);

function pagesWith(count: number, at: number, text: string): Uint8Array {
  const bytes = Buffer.alloc(count * 4096, 0x2e);
  bytes.write(text, at);
  return bytes;
}

const SHARED = VmaStatus.REGULAR | VmaStatus.ANON_SHARED;
const MEMFD = VmaStatus.REGULAR | VmaStatus.MEMFD;
const files: Record<string, Uint8Array> = {
  'pstree.img': image(0x50273030, task(1n), task(2n)),
  // Process 1 maps all of segment 7, process 2 its second page only and memfd 8 by file 3.
  'mm-1.img': mm(vma(0x10000n, 2n, 0n, 7n, SHARED)),
  'mm-2.img': mm(vma(0x50000n, 1n, PAGE, 7n, SHARED), vma(0x70000n, 1n, 0n, 3n, MEMFD)),
  // Neither has private pages.
  'pagemap-1.img': pagemap(4n),
  'pagemap-2.img': pagemap(5n),
  'pagemap-shmem-7.img': pagemap(1n, [0n, 2n]),
  'pages-1.img': pagesWith(2, 4096 + 100, 'second page'),
  'pagemap-shmem-8.img': pagemap(2n, [0n, 1n]),
  'pages-2.img': pagesWith(1, 5, 'in a memfd'),
  'pagemap-shmem-9.img': pagemap(3n, [0n, 1n]),
  'pages-3.img': pagesWith(1, 9, 'mapped by nobody'),
  'files.img': image(
    0x56303138,
    message(
      [1, 18n],
      [2, 3n],
      [20, message([1, 3n], [2, 0n], [3, 0n], [4, message([1, 0n], [2, 0n], [3, 0n], [4, 0n], [5, 0n])], [5, 44n])],
    ),
  ),
  'memfd.img': image(
    0x48453499,
    message([1, Buffer.from('jit')], [2, 0n], [3, 0n], [4, PAGE], [5, 8n], [6, 0n], [7, 44n]),
  ),
};

async function search(needle: string, pids?: number[]) {
  const images = openImageSet({
    names: () => Object.keys(files),
    open: (name) => (files[name] === undefined ? undefined : bytesSource(files[name])),
  });
  const found = await Array.fromAsync(searchMemory({ images }, Buffer.from(needle), { pids }));
  assert.deepEqual(images.diagnostics.list, []);
  return found.map(({ pid, vaddr, vma: where, pagesOffset }) => [pid, vaddr, where?.backing, pagesOffset]);
}

test('a match in shared memory is found in every process that maps the place', async () => {
  assert.deepEqual(await search('second page'), [
    [1, 0x10000n + PAGE + 100n, 'shared-memory', 4196],
    [2, 0x50000n + 100n, 'shared-memory', 4196],
  ]);
  assert.deepEqual(await search('second page', [2]), [[2, 0x50000n + 100n, 'shared-memory', 4196]]);
});

test('a memfd is reached through its file and inode', async () => {
  assert.deepEqual(await search('in a memfd'), [[2, 0x70005n, 'memfd', 5]]);
});

test('a segment that nobody maps is searched too, unless processes are named', async () => {
  assert.deepEqual(await search('mapped by nobody'), [[undefined, 9n, undefined, 9]]);
  assert.deepEqual(await search('mapped by nobody', [1, 2]), []);
});
