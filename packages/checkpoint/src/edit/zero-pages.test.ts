import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { bytesSource, Diagnostics, readAll } from '@stillframe/core';
import { openAddressSpace, openImageSet, PageFlag, VmaStatus } from '@stillframe/criu-image';
import {
  inventory_entrySchema,
  memfd_inode_entrySchema,
  mm_entrySchema,
  pagemap_entrySchema,
  pagemap_headSchema,
  vma_entrySchema,
} from '@stillframe/criu-image/proto';
import fc from 'fast-check';
import { openArchive } from '../archive/open.ts';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { openImageSets } from '../image-sets.ts';
import { findZeroPages } from './zero-pages.ts';

const PAGE = 4096;
const { REGULAR, HEAP, STACK, ANON_PRIVATE, ANON_SHARED, FILE_PRIVATE, GUARD } = VmaStatus;
const { PRESENT, LAZY, PARENT } = PageFlag;
const [PRIVATE, SHARED, ANONYMOUS, GROWSDOWN, LOCKED, HUGETLB] = [2, 1, 0x20, 0x100, 0x2000, 0x40000];
const ANON = PRIVATE | ANONYMOUS;

interface MadeVma {
  from: number;
  pages: number;
  status: number;
  flags?: number;
  shmid?: bigint;
}
interface MadeEntry {
  from: number;
  /** The first byte of each page; all else of it is zeroes. */
  pages: readonly number[];
  flags?: number;
}
type Files = Record<string, Uint8Array>;

function framed<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Uint8Array {
  const bytes = toBinary(schema, create(schema, init));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function image(magic: number, ...parts: Uint8Array[]): Uint8Array {
  const words = Buffer.alloc(8);
  words.writeUInt32LE(0x54564319, 0);
  words.writeUInt32LE(magic, 4);
  return Buffer.concat([magic === 0x58313116 ? words.subarray(4) : words, ...parts]);
}

function mm(vmas: readonly MadeVma[]): Uint8Array {
  const zero = { mmStartCode: 0n, mmEndCode: 0n, mmStartData: 0n, mmEndData: 0n, mmStartStack: 0n, mmStartBrk: 0n };
  const more = { mmBrk: 0n, mmArgStart: 0n, mmArgEnd: 0n, mmEnvStart: 0n, mmEnvEnd: 0n, exeFileId: 1 };
  const made = vmas.map(({ from, pages, status, flags = ANON, shmid = 0n }) =>
    create(vma_entrySchema, {
      ...{ start: BigInt(from * PAGE), end: BigInt((from + pages) * PAGE), pgoff: 0n, shmid, prot: 3, flags, status },
      fd: -1n,
    }),
  );
  return image(0x57492820, framed(mm_entrySchema, { ...zero, ...more, vmas: made }));
}

function pages(id: number, entries: readonly MadeEntry[], old = false): [pagemap: Uint8Array, pages: Uint8Array] {
  const frames = entries.map(({ from, pages: { length }, flags = PRESENT | LAZY }) =>
    framed(pagemap_entrySchema, {
      vaddr: BigInt(from * PAGE),
      flags,
      ...(old ? { compatNrPages: length } : { compatNrPages: 0, nrPages: BigInt(length) }),
    }),
  );
  const stored = entries.filter(({ flags = PRESENT }) => flags & PRESENT).flatMap((each) => each.pages);
  const bytes = Buffer.alloc(stored.length * PAGE);
  for (const [page, first] of stored.entries()) bytes[page * PAGE] = first;
  return [image(0x56084025, framed(pagemap_headSchema, { pagesId: id }), ...frames), bytes];
}

/** One process, 7, with these mappings and stored pages. */
function setOf(vmas: readonly MadeVma[], entries: readonly MadeEntry[], more: Files = {}, old = false): Files {
  const [pagemap, bytes] = pages(1, entries, old);
  const inventory = image(0x58313116, framed(inventory_entrySchema, { imgVersion: 2 }));
  return { 'inventory.img': inventory, 'mm-7.img': mm(vmas), 'pagemap-7.img': pagemap, 'pages-1.img': bytes, ...more };
}

async function opened(files: Files) {
  const archive = await openArchive(
    bytesSource(tarOf(...Object.entries(files).map(([name, bytes]) => entry(`checkpoint/${name}`, bytes)))),
  );
  return { archive, images: openImageSets(archive, new Diagnostics()) };
}

async function dropped(files: Files) {
  const found = await findZeroPages(await opened(files));
  const after: Files = { ...files };
  for (const [name, body] of found.images) after[name] = Buffer.from(await readAll(body, { limit: 1 << 24 }));
  return { ...found, after };
}

/** All bytes of the process's mappings, and what each is told to be. */
async function memoryOf(files: Files) {
  const set = openImageSet({
    names: () => Object.keys(files),
    open: (name) => (files[name] ? bytesSource(files[name]) : undefined),
  });
  const space = (await openAddressSpace(set, 7)) ?? assert.fail();
  const parts: { state: string; bytes: Buffer }[] = [];
  for (const { start, end } of space.vmas) {
    for (let at = start; at < end; at += BigInt(PAGE)) {
      const bytes = Buffer.alloc(PAGE);
      const [range] = await space.read(at, bytes);
      parts.push({ state: range?.state === 'absent' ? range.reason : (range?.state ?? ''), bytes });
    }
  }
  return { parts, diagnostics: set.diagnostics.list };
}

test('pages of zeroes in private anonymous memory go, and are read as never touched', async () => {
  for (const old of [false, true]) {
    const files = setOf(
      [{ from: 16, pages: 10, status: REGULAR | ANON_PRIVATE | HEAP }],
      [
        { from: 16, pages: [0, 1, 0, 0, 2] },
        { from: 23, pages: [0, 0] },
      ],
      {},
      old,
    );
    const { after, ...found } = await dropped(files);
    assert.deepEqual([found.pages, found.bytes, found.left], [5, 5 * PAGE, []]);
    assert.deepEqual(
      [after['pagemap-7.img'], after['pages-1.img']],
      pages(
        1,
        [
          { from: 17, pages: [1] },
          { from: 20, pages: [2] },
        ],
        old,
      ),
    );
    const { parts, diagnostics } = await memoryOf(after);
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(
      parts.map(({ state, bytes }) => [state, bytes[0]]),
      [0, 1, 0, 0, 2, 0, 0, 0, 0, 0].map((first) => [first ? 'captured' : 'zero', first]),
    );
  }
});

test('whatever is stored where, a process reads the same bytes, and only zeroes that a restore makes were left out', async () => {
  const kinds = [
    { status: REGULAR | ANON_PRIVATE, flags: ANON },
    { status: REGULAR | ANON_PRIVATE | HEAP, flags: ANON },
    { status: REGULAR | ANON_PRIVATE, flags: ANON | LOCKED },
    { status: REGULAR | ANON_PRIVATE, flags: ANON | HUGETLB },
    { status: REGULAR | ANON_PRIVATE | STACK, flags: ANON | GROWSDOWN },
    { status: REGULAR | FILE_PRIVATE, flags: PRIVATE },
  ];
  const vma = fc.record({ gap: fc.nat(2), pages: fc.integer({ min: 1, max: 6 }), kind: fc.constantFrom(...kinds) });
  // One entry may span several mappings; 0 leaves the page out of the pagemap, 1 stores zeroes, others are stored as they are.
  const store = fc.array(fc.constantFrom(0, 1, 1, 2), { minLength: 70, maxLength: 70 });
  await fc.assert(
    fc.asyncProperty(fc.array(vma, { minLength: 1, maxLength: 8 }), store, async (some, cells) => {
      let next = 16;
      const vmas = some.map(({ gap, pages: count, kind }) => {
        next += gap + count;
        return { from: next - count, pages: count, ...kind };
      });
      const within = (page: number) => vmas.find(({ from, pages: count }) => from <= page && page < from + count);
      const entries: { from: number; pages: number[] }[] = [];
      for (let page = 16; page < next; page += 1) {
        const cell = within(page) ? (cells[page - 16] ?? 0) : 0;
        const last = entries.at(-1);
        if (cell === 0) continue;
        if (last && last.from + last.pages.length === page) last.pages.push(cell - 1);
        else entries.push({ from: page, pages: [cell - 1] });
      }
      const files = setOf(vmas, entries);
      const { after, ...found } = await dropped(files);
      const goes = entries.flatMap(({ from, pages: cell }) =>
        cell.filter(
          (first, at) =>
            first === 0 &&
            kinds
              .slice(0, 2)
              .some(({ flags, status }) => within(from + at)?.flags === flags && within(from + at)?.status === status),
        ),
      );
      assert.equal(found.pages, goes.length);
      assert.equal(files['pages-1.img']?.length, (after['pages-1.img']?.length ?? 0) + found.bytes);
      const [was, is] = [await memoryOf(files), await memoryOf(after)];
      assert.deepEqual(is.diagnostics, []);
      for (const [at, { state, bytes }] of was.parts.entries()) {
        assert.deepEqual(is.parts[at]?.bytes, bytes);
        if (is.parts[at]?.state !== state)
          assert.deepEqual([state, is.parts[at]?.state, bytes[0]], ['captured', 'zero', 0]);
      }
    }),
    { numRuns: 150 },
  );
});

test('a guard page within a mapping is left as it is', async () => {
  const vmas = [
    { from: 16, pages: 4, status: REGULAR | ANON_PRIVATE },
    { from: 17, pages: 1, status: GUARD },
  ];
  assert.equal((await dropped(setOf(vmas, [{ from: 16, pages: [0, 0, 0, 0] }]))).pages, 3);
});

test('segments lose their zeroes, wherever they are mapped, unless somebody holds them', async () => {
  const segment = (id: number, firsts: readonly number[]): Files => {
    const [pagemap, bytes] = pages(id, [{ from: 0, pages: firsts, flags: PRESENT }]);
    return { [`pagemap-shmem-${id}.img`]: pagemap, [`pages-${id}.img`]: bytes };
  };
  const shared = { pages: 3, status: REGULAR | ANON_SHARED };
  const vmas = [
    { from: 16, ...shared, flags: SHARED | ANONYMOUS, shmid: 20n },
    { from: 32, ...shared, flags: SHARED | ANONYMOUS | LOCKED, shmid: 21n },
  ];
  const memfd = (shmid: number, hugetlbFlag: number) =>
    framed(memfd_inode_entrySchema, {
      ...{ name: 'm', uid: 0, gid: 0, size: 12288n, shmid, seals: 0, inodeId: BigInt(shmid), hugetlbFlag },
    });
  const files = setOf(vmas, [], {
    ...segment(20, [0, 5, 0]),
    ...segment(21, [0, 5, 0]),
    // No process maps these two.
    ...segment(22, [0, 0, 0]),
    ...segment(23, [0, 5, 0]),
    'memfd.img': image(0x48453499, memfd(22, 0), memfd(23, 1)),
  });
  const { after, ...found } = await dropped(files);
  assert.equal(found.pages, 5);
  assert.deepEqual(
    found.left.map((each) => each.image),
    ['pagemap-shmem-21.img', 'pagemap-shmem-23.img'],
  );
  assert.deepEqual(after['pages-22.img']?.length, 0);
  const { parts } = await memoryOf(after);
  assert.deepEqual(
    parts.map(({ state, bytes }) => `${state} ${bytes[0]}`),
    ['zero 0', 'captured 5', 'zero 0', 'captured 0', 'captured 5', 'captured 0'],
  );
});

test('a dump of a chain, one that leaves pages elsewhere, and a damaged one keep all their pages', async () => {
  const vmas = [{ from: 16, pages: 4, status: REGULAR | ANON_PRIVATE }];
  const why = async (files: Files) => {
    const { pages: count, left } = await dropped(files);
    assert.equal(count, 0);
    return left.map((each) => `${each.image}: ${each.why}`).join();
  };
  const sound = setOf(vmas, [{ from: 16, pages: [0, 0] }]);
  assert.match(await why({ ...sound, parent: new Uint8Array() }), /^parent: .* follows an earlier one/);
  const { 'inventory.img': _, ...partial } = sound;
  assert.match(await why(partial), /^parent: .*others follow/);
  const parted = setOf(vmas, [
    { from: 16, pages: [0, 0] },
    { from: 18, pages: [0], flags: PARENT },
  ]);
  assert.match(await why(parted), /^pagemap-7.img: it leaves pages to an earlier dump/);
  const lazy = setOf(vmas, [
    { from: 16, pages: [0, 0] },
    { from: 18, pages: [0], flags: LAZY },
  ]);
  assert.match(await why(lazy), /lazy/);
  assert.match(await why({ ...sound, 'pages-1.img': new Uint8Array(PAGE) }), /does not fit its pages image/);
  const { 'mm-7.img': __, ...blind } = sound;
  assert.match(await why(blind), /mm image/);
  const twice = { ...sound, 'pagemap-shmem-9.img': sound['pagemap-7.img'] ?? assert.fail() };
  assert.match(await why(twice), /pagemap-7.img: another one.*pagemap-shmem-9.img: another one/);
});
