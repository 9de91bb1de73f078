/** Registers and notes of made-up threads, on both machines. Offsets are those of the kernel's structures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VmaStatus } from '@stillframe/criu-image';
import { core_entry_march, user_x86_regs_mode } from '@stillframe/criu-image/proto';
import { planCore } from './core-file.ts';
import { type ReadNote, readCore } from './core-reader.fixture.ts';
import { type MadeProcess, madeSet, PID, x86Core } from './made-set.fixture.ts';
import { NoteType } from './note.ts';

const VMAS = [{ start: 0x10000n, end: 0x11000n }];

async function notesOf(made: Partial<MadeProcess>) {
  const set = madeSet({ vmas: VMAS, ...made });
  const planned = await planCore(set, PID);
  const file = Buffer.alloc(planned.size);
  for await (const { offset, bytes } of planned.parts()) file.set(bytes, offset);
  const core = readCore(file);
  const one = (type: number) =>
    core.notes.find((note) => note.type === type)?.content ?? assert.fail(`no note ${type}`);
  return { set, core, planned, one };
}

const ids = (notes: readonly ReadNote[]) =>
  notes.filter(({ type }) => type === NoteType.PRSTATUS).map(({ content }) => content.readUInt32LE(32));

test('the main thread comes first, whatever the order of the images, and each thread once', async () => {
  const cores = { 3: x86Core(), [PID]: x86Core(), 12: x86Core() };
  const { core, planned } = await notesOf({ cores, tids: [12, 3, PID, 12] });
  assert.deepEqual(ids(core.notes), [PID, 12, 3]);
  assert.equal(planned.threads, 3);
  const owners = core.notes.slice(0, 6).map(({ owner, type }) => `${owner} ${type}`);
  assert.deepEqual(owners, ['CORE 1', 'CORE 3', `CORE ${0x53494749}`, 'CORE 6', `CORE ${0x46494c45}`, 'CORE 2']);
});

test('a thread without readable registers is left out and told, also where it is the main one', async () => {
  const { set, core } = await notesOf({ cores: { 9: x86Core() }, tids: [PID, 9] });
  assert.deepEqual(ids(core.notes), [9]);
  assert.deepEqual(
    set.diagnostics.list.map(({ id, source }) => `${source} ${id}`),
    ['core-7.img thread-without-registers'],
  );
  await assert.rejects(notesOf({ cores: {}, tids: [PID] }), {
    code: 'ERR_CORE_NO_REGISTERS',
    message: /core-7\.img is missing/,
  });
});

test('signals held back and waiting, and the one that stopped the process', async () => {
  const siginfo = (signal: number) => ({ siginfo: Buffer.from([signal, 0, 0, 0]) });
  const core = x86Core({
    tc: { taskState: 3, comm: 'a name longer than fifteen', stopSigno: 19 },
    threadCore: { blkSigset: 0x10n, signalsP: { signals: [siginfo(1), siginfo(64), siginfo(200)] }, schedNice: -3 },
  });
  const { one } = await notesOf({ cores: { [PID]: core } });
  const status = one(NoteType.PRSTATUS);
  assert.deepEqual([status.readUInt32LE(0), status.readUInt16LE(12)], [19, 19]);
  assert.deepEqual([status.readBigUInt64LE(16), status.readBigUInt64LE(24)], [(1n << 63n) | 1n, 0x10n]);
  assert.deepEqual(
    [32, 36, 40, 44].map((offset) => status.readUInt32LE(offset)),
    [PID, 1, 5, 4],
  );
  assert.deepEqual([status.length, status.readUInt32LE(328)], [336, 1]);
  const info = one(NoteType.PRPSINFO);
  assert.deepEqual([info.readUInt8(0), info.toString('latin1', 1, 2), info.readInt8(3)], [3, 'T', -3]);
  assert.equal(info.toString('latin1', 40, 56), 'a name longer t\0');
  assert.equal(one(NoteType.SIGINFO).readUInt32LE(0), 19);
});

test('every register of x86-64 has the place the kernel gives it', async () => {
  const { one } = await notesOf({});
  const status = one(NoteType.PRSTATUS);
  // The made-up registers count up in the order of user_regs_struct.
  assert.deepEqual(
    Array.from({ length: 27 }, (_, index) => Number(status.readBigUInt64LE(112 + 8 * index))),
    Array.from({ length: 27 }, (_, index) => index + 1),
  );
});

test('extended state has the length by which gdb knows its layout, and names no component without room', async () => {
  const ymmhSpace = Array.from({ length: 64 }, (_, index) => 1000 + index);
  const avx512 = { opmaskReg: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n], zmmUpper: [11n, 12n], hi16Zmm: [21n, 22n] };
  const xstate = async (xsave: object) => {
    const fpregs = { mxcsr: 0x1f80, xmmSpace: [7, 8], xsave: { xstateBv: (1n << 64n) - 1n, ...xsave } };
    return (await notesOf({ cores: { [PID]: x86Core({ fpregs }) } })).one(NoteType.X86_XSTATE);
  };
  const sizes: number[] = [];
  for (const [xsave, size, xcr0] of [
    [{}, 576, 0x3n],
    [{ ymmhSpace }, 832, 0x7n],
    [{ ymmhSpace, bndregState: [1n], bndcsrState: [2n] }, 1088, 0x1fn],
    [{ ymmhSpace, ...avx512 }, 2688, 0xe7n],
    [{ ymmhSpace, pkru: [5, 0] }, 2696, 0x207n],
    [{ ymmhSpace, ...avx512, pkru: [5, 0] }, 2696, 0x2e7n],
  ] as const) {
    const area = await xstate(xsave);
    sizes.push(area.length);
    assert.deepEqual([area.length, area.readBigUInt64LE(464), area.readBigUInt64LE(512)], [size, xcr0, xcr0]);
  }
  const whole = await xstate({ ymmhSpace, ...avx512, pkru: [5, 0] });
  assert.deepEqual(
    [160, 576, 828, 2688].map((offset) => whole.readUInt32LE(offset)),
    [7, 1000, 1063, 5],
  );
  assert.deepEqual(
    [1088, 1144, 1152, 1664].map((offset) => whole.readBigUInt64LE(offset)),
    [1n, 8n, 11n, 21n],
  );
});

test('longer lists than a register file has do not reach into the next one', async () => {
  const xsave = { xstateBv: 7n, ymmhSpace: new Array(5000).fill(9) };
  const fpregs = { stSpace: new Array(99).fill(5), xmmSpace: new Array(4000).fill(6), xsave };
  const { one } = await notesOf({ cores: { [PID]: x86Core({ fpregs }) } });
  assert.equal(one(NoteType.FPREGSET).length, 512);
  assert.deepEqual(
    [156, 160, 412, 416].map((offset) => one(NoteType.FPREGSET).readUInt32LE(offset)),
    [5, 6, 6, 0],
  );
  assert.equal(one(NoteType.X86_XSTATE).length, 832);
});

test('aarch64 has its own registers, and keeps the keys of pointer authentication to itself', async () => {
  const key = 0xdead_beef_dead_beefn;
  const core = {
    mtype: core_entry_march.AARCH64,
    tiAarch64: {
      tls: 0x7000n,
      gpregs: { regs: Array.from({ length: 31 }, (_, index) => BigInt(index)), sp: 31n, pc: 32n, pstate: 33n },
      fpsimd: { vregs: Array.from({ length: 64 }, (_, index) => BigInt(100 + index)), fpsr: 1, fpcr: 2 },
      pacKeys: { pacAddressKeys: { apiakeyLo: key, apiakeyHi: key } },
    },
  };
  const { core: read, one, planned } = await notesOf({ cores: { [PID]: core } });
  assert.deepEqual([read.machine, planned.machine], [183, 'aarch64']);
  const status = one(NoteType.PRSTATUS);
  assert.equal(status.length, 392);
  assert.deepEqual(
    Array.from({ length: 34 }, (_, index) => Number(status.readBigUInt64LE(112 + 8 * index))),
    Array.from({ length: 34 }, (_, index) => index),
  );
  const fp = one(NoteType.FPREGSET);
  assert.deepEqual([fp.length, fp.readBigUInt64LE(0), fp.readBigUInt64LE(504)], [528, 100n, 163n]);
  assert.deepEqual([fp.readUInt32LE(512), fp.readUInt32LE(516)], [1, 2]);
  assert.equal(one(NoteType.ARM_TLS).readBigUInt64LE(0), 0x7000n);
  const secret = Buffer.alloc(8);
  secret.writeBigUInt64LE(key);
  assert.ok(read.notes.every(({ content }) => !content.includes(secret)));
});

test('machines whose registers nobody here can lay out are refused by name', async () => {
  const refused = (cores: MadeProcess['cores']) =>
    assert.rejects(notesOf({ cores }), { code: 'ERR_CORE_MACHINE_UNSUPPORTED' });
  await refused({ [PID]: { mtype: core_entry_march.S390 } });
  const compat = x86Core();
  const gpregs = { ...compat.threadInfo?.gpregs, mode: user_x86_regs_mode.COMPAT };
  await refused({ [PID]: { ...compat, threadInfo: { ...compat.threadInfo, gpregs } } as never });
});

test('mapped files keep their names in order, whatever is in them', async () => {
  const status = VmaStatus.FILE_PRIVATE;
  const vmas = [
    { start: 0x10000n, end: 0x11000n, status, shmid: 1n, pgoff: 0x3000n },
    { start: 0x20000n, end: 0x21000n, status, shmid: 2n },
    { start: 0x30000n, end: 0x31000n, status, shmid: 99n },
  ];
  const files = { 1: '/bin/a\0/etc/shadow', 2: `/${'x'.repeat(100_000)}` };
  const { one } = await notesOf({ vmas, files });
  const note = one(NoteType.FILE);
  assert.deepEqual([note.readBigUInt64LE(0), note.readBigUInt64LE(32)], [2n, 3n]);
  const names = note.toString('utf8', 64).split('\0');
  assert.deepEqual(names, ['/bin/a\ufffd/etc/shadow', `/${'x'.repeat(4095)}`, '']);
});

test('a dead process has no core, and a process that is not there neither', async () => {
  const dead = { [PID]: x86Core({ tc: { taskState: 2, comm: 'gone' } }) };
  const set = madeSet({ vmas: undefined, cores: dead });
  await assert.rejects(planCore(set, PID), { code: 'ERR_CORE_NO_MEMORY', message: /it is dead/ });
  await assert.rejects(planCore(set, 99), { code: 'ERR_CORE_NO_PROCESS' });
});

test('a live process whose memory was lost is not said to have ended', async () => {
  const cores = { [PID]: x86Core({ tc: { taskState: 1, comm: 'here' } }) };
  await assert.rejects(planCore(madeSet({ vmas: undefined, cores }), PID), {
    code: 'ERR_CORE_NO_MEMORY',
    message: /not in the checkpoint; missing: mm-7\.img, pagemap-7\.img$/,
    hint: /^its images were lost/,
  });
});
