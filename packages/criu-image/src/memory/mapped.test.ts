/** Memory that other images or files hold: segments by file or System V id, and mapped files that a caller brings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { frame, image, mmImage, PAGE, pagemapImage, pagesImage, setOf } from '../fixture.ts';
import { file_entrySchema, memfd_inode_entrySchema } from '../proto.ts';
import { type AddressSpace, openAddressSpace } from './address-space.ts';
import type { MappedFiles } from './memory-range.ts';
import { VmaStatus } from './vma-status.ts';

const { MEMFD, SYSVIPC, ANON_SHARED, FILE_PRIVATE, FILE_SHARED } = VmaStatus;
const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };

async function spaceOf(files: Record<string, Uint8Array>): Promise<AddressSpace> {
  return (await openAddressSpace(setOf(files), 1)) ?? assert.fail('no memory');
}

test('a memfd is found by its file, a private page over it by the process', async () => {
  const memfd = { id: 40, flags: 2, pos: 0n, fown, inodeId: 6 };
  const inode = { name: 'm', uid: 0, gid: 0, size: 8192n, shmid: 99, seals: 0, inodeId: 6n };
  const space = await spaceOf({
    'mm-1.img': mmImage([
      { from: 10, pages: 2, status: MEMFD | FILE_SHARED, shmid: 40n },
      { from: 20, pages: 2, status: MEMFD | FILE_PRIVATE, shmid: 40n },
      { from: 30, pages: 1, status: MEMFD | FILE_SHARED, shmid: 41n },
    ]),
    'files.img': image(0x56303138, frame(file_entrySchema, { type: 18, id: 40, memfd })),
    'memfd.img': image(0x48453499, frame(memfd_inode_entrySchema, inode)),
    'pagemap-1.img': pagemapImage(1, [{ from: 21, pages: 1, flags: 4 }]),
    'pages-1.img': pagesImage(1).fill(7),
    'pagemap-shmem-99.img': pagemapImage(2, [{ from: 0, pages: 2, flags: 4 }]),
    'pages-2.img': pagesImage(2),
  });
  const at = async (page: number) => {
    const byte = new Uint8Array(1);
    const [range] = await space.read(BigInt(page * PAGE), byte);
    return range?.state === 'absent' ? range.reason : byte[0];
  };
  assert.deepEqual(await Promise.all([10, 11, 20, 21, 30].map(at)), [1, 2, 1, 7, 'shared']);
});

test('a System V segment is found by its own id', async () => {
  const space = await spaceOf({
    'mm-1.img': mmImage([{ from: 10, pages: 2, status: SYSVIPC | ANON_SHARED, shmid: 3n }]),
    'pagemap-1.img': pagemapImage(1, []),
    'pagemap-shmem-3.img': pagemapImage(2, [{ from: 1, pages: 1, flags: 4 }]),
    'pages-2.img': pagesImage(1),
  });
  const states = (await space.read(BigInt(10 * PAGE), new Uint8Array(2 * PAGE))).map(({ state }) => state);
  assert.deepEqual(states, ['zero', 'captured']);
});

test('mapped files are absent, or filled from what the caller brings: to the end of their last page, never further', async () => {
  const space = await spaceOf({
    'mm-1.img': mmImage([{ from: 10, pages: 4, status: FILE_PRIVATE, shmid: 5n }]),
    'pagemap-1.img': pagemapImage(1, [{ from: 11, pages: 1, flags: 4 }]),
    'pages-1.img': pagesImage(1).fill(0xaa),
  });
  const content = new Uint8Array(2 * PAGE + 100).fill(0x55);
  const files: MappedFiles = {
    open: async (id) => (id === 5 ? { source: bytesSource(content), from: 'image' } : undefined),
  };
  const bytes = new Uint8Array(4 * PAGE);
  assert.deepEqual(
    (await space.read(BigInt(10 * PAGE), bytes)).map(({ bytes: length, ...range }) => [length / PAGE, range.state]),
    [
      [1, 'absent'],
      [1, 'captured'],
      [2, 'absent'],
    ],
  );
  const filled = await space.read(BigInt(10 * PAGE), bytes, { files });
  assert.deepEqual(
    filled.map(({ bytes: length, state }) => [length / PAGE, state]),
    [
      [1, 'filled'],
      [1, 'captured'],
      [1, 'filled'],
      [1, 'absent'],
    ],
  );
  assert.deepEqual(
    [0, PAGE, 2 * PAGE + 99, 2 * PAGE + 100, 3 * PAGE].map((at) => bytes[at]),
    [0x55, 0xaa, 0x55, 0, 0],
  );
});

test('a survey says what a read says, and reads nothing', async () => {
  const space = await spaceOf({
    'mm-1.img': mmImage([{ from: 10, pages: 4, status: FILE_PRIVATE, shmid: 5n }]),
    'pagemap-1.img': pagemapImage(1, [{ from: 11, pages: 2, flags: 4 }]),
    'pages-1.img': pagesImage(2),
  });
  const [from, pages] = [8, 8];
  const surveyed = await Array.fromAsync(space.survey(BigInt(from * PAGE), BigInt((from + pages) * PAGE)));
  assert.deepEqual(surveyed, await space.read(BigInt(from * PAGE), new Uint8Array(pages * PAGE)));
});
