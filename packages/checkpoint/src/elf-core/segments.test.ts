/** Made-up processes as cores: where memory goes, and what forged images cannot make of it. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { VmaStatus } from '@stillframe/criu-image';
import { type CoreFile, planCore } from './core-file.ts';
import { PT, type ReadCore, readCore } from './core-reader.fixture.ts';
import { type MadeProcess, madeSet, PAGE, PID } from './made-set.fixture.ts';
import { writeCore } from './write.ts';

const MIB = 1n << 20n;
const { ANON_PRIVATE, ANON_SHARED, FILE_PRIVATE, VVAR } = VmaStatus;

const plan = (made: MadeProcess): Promise<CoreFile> => planCore(madeSet(made), PID);

async function written(made: MadeProcess): Promise<{ core: ReadCore; plan: CoreFile; blocks: number }> {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'core');
  const planned = await plan(made);
  await writeCore(planned, path);
  return { core: readCore(await readFile(path)), plan: planned, blocks: (await stat(path)).blocks };
}

/** `LOAD 0x1000 2+1 pages rw-`: two with a place in the file, one without. */
function look({ segments }: ReadCore): string[] {
  return segments.map(({ type, vaddr, fileBytes, memoryBytes, flags }) => {
    const inFile = fileBytes / PAGE;
    const rwx = `${flags & 4 ? 'r' : '-'}${flags & 2 ? 'w' : '-'}${flags & 1 ? 'x' : '-'}`;
    return `${type === PT.LOAD ? 'LOAD' : 'NULL'} 0x${vaddr.toString(16)} ${inFile}+${Number(memoryBytes) / PAGE - inFile} pages ${rwx}`;
  });
}

test('few zeroes are holes within a segment, what the file of a mapping has is told and not loaded', async () => {
  const { core, plan: planned } = await written({
    vmas: [
      { start: 0x10000n, end: 0x14000n },
      { start: 0x20000n, end: 0x24000n, status: FILE_PRIVATE, prot: 5, shmid: 3n },
      { start: 0x30000n, end: 0x31000n, status: VVAR, prot: 1 },
    ],
    pages: [
      [0x11000n, 1],
      [0x13000n, 1],
      [0x22000n, 1],
    ],
  });
  assert.deepEqual(look(core), [
    'LOAD 0x10000 4+0 pages rw-',
    'NULL 0x20000 0+2 pages r-x',
    'LOAD 0x22000 1+0 pages r-x',
    'NULL 0x23000 0+1 pages r-x',
    'NULL 0x30000 0+1 pages r--',
  ]);
  assert.deepEqual(core.memory(0x10ffen, 4), Buffer.from([0, 0, 1, 1]));
  assert.deepEqual(core.memory(0x13000n, 1), Buffer.from([2]));
  assert.deepEqual(core.memory(0x22ffen, 2), Buffer.from([3, 3]));
  assert.equal(core.memory(0x21000n, 1), undefined);
  assert.deepEqual(planned.memory, { captured: 0x3000n, zero: 0x2000n, absent: { file: 0x3000n, kernel: 0x1000n } });
});

test('a mebibyte of zeroes and more takes no place in the file and still reads as zeroes', async () => {
  const start = 0x1000_0000n;
  const { core, plan: planned } = await written({
    vmas: [{ start, end: start + 8n * MIB }],
    pages: [
      [start, 1],
      [start + 4n * MIB, 1],
    ],
  });
  assert.deepEqual(look(core), ['LOAD 0x10000000 1+1023 pages rw-', 'LOAD 0x10400000 1+1023 pages rw-']);
  assert.deepEqual(core.memory(start + 2n * MIB, 3), Buffer.alloc(3));
  assert.ok(planned.size < 5 * PAGE, String(planned.size));
});

test('offset and address of every segment agree within a page, wherever the notes end', async () => {
  const { core } = await written({ vmas: [{ start: 0x10000n, end: 0x11000n }], pages: [[0x10000n, 1]] });
  for (const { offset, vaddr } of core.segments) assert.equal(BigInt(offset) % 4096n, vaddr % 4096n);
});

test('shared memory is that of its segment, in each place where it is mapped', async () => {
  const { core } = await written({
    vmas: [
      { start: 0x10000n, end: 0x12000n, status: ANON_SHARED, shmid: 9n },
      { start: 0x20000n, end: 0x21000n, status: ANON_SHARED, shmid: 9n, pgoff: 4096n },
      { start: 0x30000n, end: 0x31000n, status: ANON_SHARED, shmid: 10n },
    ],
    shared: { 9: [[4096n, 1]] },
  });
  assert.deepEqual(core.memory(0x11000n, 1), Buffer.from([1]));
  assert.deepEqual(core.memory(0x20000n, 1), Buffer.from([1]));
  assert.equal(core.memory(0x30000n, 1), undefined, 'no pages of segment 10 are in the set');
});

test('memory without an mm image is written as far as the pagemap knows it', async () => {
  const set = { vmas: undefined, pages: [[0x10000n, 2] as const] };
  const { core } = await written(set);
  assert.deepEqual(look(core), ['LOAD 0x10000 2+0 pages rw-']);
});

test('a mapping of half of all addresses makes a small file', async () => {
  const {
    core,
    plan: planned,
    blocks,
  } = await written({
    vmas: [
      { start: 0x1000n, end: 1n << 47n },
      { start: 1n << 47n, end: (1n << 64n) - 4096n },
    ],
    pages: [[0x1000n, 1]],
  });
  assert.equal(planned.memory.captured + planned.memory.zero, (1n << 64n) - 0x2000n);
  assert.deepEqual(core.memory((1n << 64n) - 8192n, 1), Buffer.from([0]));
  assert.ok(planned.size < 16 * PAGE && blocks * 512 < 16 * PAGE);
});

test('mappings that overlap are cut, and that is told', async () => {
  const set = madeSet({
    vmas: [
      { start: 0x10000n, end: 0x14000n },
      { start: 0x12000n, end: 0x15000n },
    ],
  });
  assert.equal((await planCore(set, PID)).memory.zero, 0x5000n);
  assert.deepEqual(
    set.diagnostics.list.map(({ id }) => id),
    ['vma-overlapping'],
  );
});

test('a few pages mapped over and over are refused before anything is written', async () => {
  const bytes = 4n * MIB;
  const vmas = Array.from({ length: 5000 }, (_, index) => {
    const start = bytes * BigInt(index + 1);
    return { start, end: start + bytes, status: ANON_SHARED, shmid: 9n };
  });
  const shared = { 9: [[0n, Number(bytes) / PAGE] as const] };
  await assert.rejects(plan({ vmas, shared }), { code: 'ERR_CORE_TOO_LARGE', message: /shared memory/ });
  assert.equal((await plan({ vmas: vmas.slice(0, 100), shared })).memory.captured, 100n * bytes);
});

test('more pieces of memory than any process has are refused', async () => {
  await assert.rejects(plan({ vmas: scattered(263_000) }), { code: 'ERR_CORE_TOO_LARGE' });
});

test('more segments than an ELF header can count are all found', async () => {
  const vmas = scattered(70_000);
  const { core } = await written({ vmas, pages: [[vmas.at(-1)?.start ?? 0n, 1]] });
  assert.equal(core.segments.length, 70_000);
  assert.deepEqual(core.memory(vmas.at(-1)?.start ?? 0n, 1), Buffer.from([1]));
});

/** Mappings of one page, each with a page of nothing behind it. */
function scattered(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const start = 0x10000n + 0x2000n * BigInt(index);
    return { start, end: start + 0x1000n, status: ANON_PRIVATE };
  });
}

test('a core is the owner’s alone and never replaces another file', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'core');
  const core = await plan({ vmas: [{ start: 0x10000n, end: 0x11000n }] });
  await writeCore(core, path);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const before = await readFile(path);
  await assert.rejects(writeCore(core, path), { code: 'ERR_FILE_EXISTS' });
  assert.deepEqual(await readFile(path), before);
  await assert.rejects(writeCore(core, join(folder.path, 'other'), { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  await assert.rejects(stat(join(folder.path, 'other')), { code: 'ENOENT' });
});

test('a full disk is told with the path and with what the core takes', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const core = await plan({ vmas: [{ start: 0x10000n, end: 0x11000n }], pages: [[0x10000n, 1]] });
  const full: CoreFile = {
    ...core,
    async *parts() {
      yield { offset: 0, bytes: new Uint8Array(4) };
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    },
  };
  const path = join(folder.path, 'core');
  await assert.rejects(writeCore(full, path), {
    code: 'ERR_CORE_NO_ROOM',
    message: `there is no room for ${path}, which takes 4.00 KiB, its holes apart: ENOSPC`,
  });
  assert.deepEqual(await readdir(folder.path), []);
});
