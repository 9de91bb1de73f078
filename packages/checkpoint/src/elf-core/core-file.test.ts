/** Real processes as cores: what a reader that knows nothing of us finds is what the images hold. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openAddressSpace, VmaStatus } from '@stillframe/criu-image';
import { type Checkpoint, openCheckpoint } from '../checkpoint.ts';
import { readProcesses } from '../process/process-tree.ts';
import { planCore } from './core-file.ts';
import { PT, type ReadCore, readCore } from './core-reader.fixture.ts';
import { NoteType } from './note.ts';
import { writeCore } from './write.ts';

const FIXTURES = [
  ['podman-redis', [1, 6, 14, 15, 16]],
  ['crio-counter', [6]],
  ['containerd-counter', [796, 806]],
  ['podman-counter', [1]],
] as const;

async function withCore(
  name: string,
  pid: number,
  use: (core: ReadCore, checkpoint: Checkpoint) => Promise<void>,
): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  await using checkpoint = await openCheckpoint(fileURLToPath(new URL(`../../fixtures/${name}.tar`, import.meta.url)));
  const path = join(folder.path, 'core');
  await writeCore(await planCore(checkpoint.images, pid), path);
  assert.deepEqual(checkpoint.diagnostics(), []);
  await use(readCore(await readFile(path)), checkpoint);
}

for (const [name, pids] of FIXTURES) {
  test(`the memory of ${name} reads as the address space does, and what is not captured is nowhere`, async () => {
    for (const pid of pids) {
      await withCore(name, pid, async (core, { images }) => {
        const space = (await openAddressSpace(images, pid)) ?? assert.fail();
        const counts = { captured: 0, zero: 0, absent: 0 };
        for (const vma of space.vmas) {
          const bytes = new Uint8Array(Number(vma.end - vma.start));
          for (const range of await space.read(vma.start, bytes)) {
            const at = Number(range.vaddr - vma.start);
            const expected = range.state === 'absent' ? undefined : Buffer.from(bytes.subarray(at, at + range.bytes));
            assert.deepEqual(
              inPieces(core, range.vaddr, range.bytes),
              expected,
              `0x${range.vaddr.toString(16)} of ${pid}`,
            );
            assert.ok(range.state !== 'filled');
            counts[range.state] += range.bytes;
          }
        }
        assert.ok(counts.captured > 0 && counts.absent > 0);
        const stored = [...space.runs()].reduce((sum, { bytes }) => sum + bytes, 0);
        assert.ok(counts.captured >= stored, 'every page of the images has its place');
      });
    }
  });
}

/** As memory, across the borders of segments. */
function inPieces(core: ReadCore, vaddr: bigint, length: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let at = vaddr; at < vaddr + BigInt(length); ) {
    const segment = core.segments.find((s) => s.type === PT.LOAD && s.vaddr <= at && at < s.vaddr + s.memoryBytes);
    if (segment === undefined) return undefined;
    const end = segment.vaddr + segment.memoryBytes;
    const part = Number((end < vaddr + BigInt(length) ? end : vaddr + BigInt(length)) - at);
    pieces.push(core.memory(at, part) ?? assert.fail());
    at += BigInt(part);
  }
  return Buffer.concat(pieces);
}

test('the segments of redis are its VMAs, with their protection, known or not', () =>
  withCore('podman-redis', 6, async (core, { images }) => {
    const { vmas = [] } = (await images.single('mm', 6)) ?? {};
    const joined: { start: bigint; end: bigint; flags: number }[] = [];
    for (const { vaddr, memoryBytes, flags } of core.segments) {
      const last = joined.at(-1);
      const begins = vmas.some(({ start }) => start === vaddr);
      if (!begins && last?.end === vaddr && last.flags === flags) last.end += memoryBytes;
      else joined.push({ start: vaddr, end: vaddr + memoryBytes, flags });
    }
    const rwx = (prot: number) => ((prot & 1) !== 0 ? 4 : 0) + ((prot & 2) !== 0 ? 2 : 0) + ((prot & 4) !== 0 ? 1 : 0);
    assert.deepEqual(
      joined,
      vmas.map(({ start, end, prot }) => ({ start, end, flags: rwx(prot) })),
    );
    assert.ok(core.segments.some(({ type }) => type === PT.NULL));
  }));

test('each thread of redis has the registers of its core image', () =>
  withCore('podman-redis', 6, async (core, { images }) => {
    const process = (await readProcesses(images)).find(({ pid }) => pid === 6) ?? assert.fail();
    const notes = (type: number) => core.notes.filter((note) => note.type === type).map(({ content }) => content);
    const statuses = notes(NoteType.PRSTATUS);
    assert.equal(core.machine, 62);
    assert.deepEqual(
      statuses.map((status) => status.readUInt32LE(32)),
      process.threads.map(({ tid }) => tid),
    );
    assert.deepEqual(
      statuses.map((status) => status.readUInt32LE(36)),
      process.threads.map(() => process.ppid),
    );
    for (const [index, { tid }] of process.threads.entries()) {
      const info = (await images.single('core', tid))?.threadInfo ?? assert.fail();
      const { gpregs, fpregs } = info;
      const register = (number: number) => statuses[index]?.readBigUInt64LE(112 + 8 * number);
      // r15 … ax, … ip, … sp, … fs_base: by their numbers in user_regs_struct.
      assert.deepEqual([0, 10, 16, 19, 21].map(register), [
        gpregs?.r15,
        gpregs?.ax,
        gpregs?.ip,
        gpregs?.sp,
        gpregs?.fsBase,
      ]);
      const xmm = Buffer.from(Uint32Array.from(fpregs?.xmmSpace ?? []).buffer);
      for (const area of [notes(NoteType.FPREGSET)[index], notes(NoteType.X86_XSTATE)[index]]) {
        assert.equal(area?.readUInt32LE(24), fpregs?.mxcsr);
        assert.deepEqual(area?.subarray(160, 416), xmm);
      }
      const xstate = notes(NoteType.X86_XSTATE)[index] ?? assert.fail();
      assert.equal(xstate.length, 832, 'x87, SSE and AVX');
      assert.equal(xstate.readBigUInt64LE(464), 7n);
      assert.equal(xstate.readBigUInt64LE(512), fpregs?.xsave?.xstateBv);
      assert.deepEqual(xstate.subarray(576, 832), Buffer.from(Uint32Array.from(fpregs?.xsave?.ymmhSpace ?? []).buffer));
    }
  }));

test('name, command line, auxiliary vector and mapped files of redis are told as the kernel tells them', () =>
  withCore('podman-redis', 6, async (core, { images }) => {
    const note = (type: number) => core.notes.find((each) => each.type === type)?.content ?? assert.fail();
    const info = note(NoteType.PRPSINFO);
    assert.equal(info.toString('latin1', 40, 56).replace(/\0+$/, ''), 'redis-server');
    assert.match(info.toString('latin1', 56, 136), /^redis-server \*:6379 *\0+$/);
    assert.deepEqual(
      [24, 28].map((offset) => info.readUInt32LE(offset)),
      [6, 1],
    );
    const mm = (await images.single('mm', 6)) ?? assert.fail();
    const auxv = note(NoteType.AUXV);
    assert.deepEqual(
      mm.mmSavedAuxv.map((_, index) => auxv.readBigUInt64LE(8 * index)),
      mm.mmSavedAuxv,
    );
    assert.equal(note(NoteType.SIGINFO).length, 128);

    const files = note(NoteType.FILE);
    const count = Number(files.readBigUInt64LE(0));
    const names = files.toString('utf8', 16 + 24 * count).split('\0');
    const mapped = mm.vmas.filter(({ status }) => (status & (VmaStatus.FILE_PRIVATE | VmaStatus.FILE_SHARED)) !== 0);
    assert.equal(names.pop(), '', 'every name ends with a NUL');
    assert.deepEqual([count, names.length, files.readBigUInt64LE(8)], [mapped.length, mapped.length, 4096n]);
    for (const [index, { start, end, pgoff }] of mapped.entries()) {
      const row = [0, 8, 16].map((offset) => files.readBigUInt64LE(16 + 24 * index + offset));
      assert.deepEqual(row, [start, end, pgoff / 4096n]);
    }
    assert.equal(names[0], '/usr/bin/redis-check-rdb');
    assert.ok(names.includes('/usr/lib/x86_64-linux-gnu/libc.so.6'));
  }));

test('a key of the database stands in the core at the address where the process had it', () =>
  withCore('podman-redis', 6, async (core) => {
    const needle = Buffer.from('user:1');
    const holders = core.segments.filter(
      ({ type, vaddr, fileBytes }) => type === PT.LOAD && (core.memory(vaddr, fileBytes)?.includes(needle) ?? false),
    );
    assert.ok(holders.length > 0);
    assert.ok(
      holders.every(({ flags }) => (flags & 2) !== 0),
      'in writable memory',
    );
  }));
