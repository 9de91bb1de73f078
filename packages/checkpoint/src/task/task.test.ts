/** Facts of processes: what CRIU wrote, under the names of the field, and what is missing said to be missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { create } from '@bufbuild/protobuf';
import {
  core_entry_march,
  core_entrySchema,
  creds_entrySchema,
  itimer_entrySchema,
  posix_timer_entrySchema,
  rlimit_entrySchema,
  sa_entrySchema,
  seccomp_mode,
  siginfo_entrySchema,
} from '@stillframe/criu-image/proto';
import { openCheckpoint } from '../checkpoint.ts';
import { type CoreInit, madeSet, PID, x86Core } from '../elf-core/made-set.fixture.ts';
import { bpf, imageOf, programOf, seccompImage, terminalImage, withImages } from './made-task.fixture.ts';
import { registersOf } from './registers.ts';
import { decodeSiginfo } from './siginfo.ts';
import { readRegisters, readTasks, type Task } from './task.ts';

type Tc = Exclude<NonNullable<CoreInit['tc']>, { $typeName: string }>;
type ThreadCore = Exclude<NonNullable<CoreInit['threadCore']>, { $typeName: string }>;
const ALIVE: Tc = { taskState: 1, exitCode: 0, personality: 0, flags: 0, blkSigset: 0n, comm: 'made' };
const THREAD: ThreadCore = { futexRla: 0n, futexRlaLen: 0 };
const CREDS = { uid: 0, gid: 0, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0, secbits: 0 };

async function taskOf(images: ReturnType<typeof madeSet>): Promise<Task> {
  const [task, ...others] = await Array.fromAsync(readTasks(images, { dumpable: true }));
  assert.deepEqual(others, []);
  return task ?? assert.fail('no task');
}

async function factsOf(tc: Tc = {}, threadCore: ThreadCore = {}) {
  const cores = { [PID]: x86Core({ tc: { ...ALIVE, ...tc }, threadCore: { ...THREAD, ...threadCore } }) };
  const task = await taskOf(madeSet({ vmas: undefined, cores }));
  const [thread] = task.threads;
  assert.ok(task.facts.state === 'present' && thread?.facts.state === 'present');
  return { task, facts: task.facts, thread: thread.facts };
}

/** siginfo_t with words of 32 bits at offsets. */
function siginfo(words: Readonly<Record<number, number>>): Uint8Array {
  const bytes = Buffer.alloc(128);
  for (const [offset, word] of Object.entries(words)) bytes.writeInt32LE(word, Number(offset));
  return bytes;
}

test('redis as podman ran it: rights, limits and threads', async () => {
  await using checkpoint = await openCheckpoint(
    fileURLToPath(new URL('../../fixtures/podman-redis.tar', import.meta.url)),
  );
  const tasks = await Array.fromAsync(readTasks(checkpoint.images, { dumpable: true }));
  assert.deepEqual(
    tasks.map(({ pid, name, state, threads }) => [pid, name, state, threads.length]),
    [
      [1, 'bash', 'alive', 1],
      [6, 'redis-server', 'alive', 6],
      [14, 'bash', 'alive', 1],
      [15, 'sleep', 'alive', 1],
      [16, 'redis-cli', 'alive', 1],
    ],
  );
  const redis = tasks[1] ?? assert.fail();
  assert.ok(redis.facts.state === 'present');
  const actions = new Map(redis.facts.signalActions?.map(({ signal, action }) => [signal, action]));
  assert.equal(actions.get('SIGTERM'), 'handled');
  assert.equal(actions.get('SIGPIPE'), 'ignored');
  // The threads look as if they had no filter: CRIU writes it once where all of a process share it.
  for (const { tid, facts } of redis.threads) {
    assert.ok(facts.state === 'present');
    assert.deepEqual(facts.seccomp, { mode: 'filter', filter: 1, ofProcess: tid !== 6 });
    assert.equal(facts.credentials?.capabilities.effective.names.length, 11);
    assert.deepEqual(facts.credentials?.capabilities.effective.unknown, []);
  }
  const registers = (await readRegisters(checkpoint.images, 6)) ?? assert.fail();
  assert.equal(registers.inCall, 'epoll_wait');
  assert.equal(registers.general.find(([name]) => name === 'rip')?.[1], registers.instructionPointer);
  assert.deepEqual(checkpoint.diagnostics(), []);
});

test('capabilities and other bits have names, and those without one keep their number', async () => {
  const creds = {
    ...{ ...CREDS, euid: 1000, groups: [4, 27], secbits: 0b101_0011, noNewPrivs: 1, lsmProfile: 'docker-default' },
    ...{
      capInh: [],
      capPrm: [1 << 21, 1 << 8],
      capEff: [0xffffffff, 0x1ff],
      capBnd: [0, 0x80000001],
      capAmb: [1, 0],
    },
  };
  const { thread } = await factsOf({}, { creds });
  const { credentials } = thread;
  assert.deepEqual([credentials?.uid, credentials?.euid, credentials?.groups], [0, 1000, [4, 27]]);
  assert.equal(credentials?.noNewPrivileges, true);
  assert.equal(credentials?.security.profile, 'docker-default');
  const { secureBits, capabilities } = credentials ?? assert.fail();
  assert.deepEqual(secureBits.names, [
    'SECBIT_NOROOT',
    'SECBIT_NOROOT_LOCKED',
    'SECBIT_KEEP_CAPS',
    'SECBIT_NO_CAP_AMBIENT_RAISE',
  ]);
  assert.deepEqual(capabilities.inheritable.names, []);
  assert.deepEqual(capabilities.permitted.names, ['CAP_SYS_ADMIN', 'CAP_CHECKPOINT_RESTORE']);
  assert.deepEqual([capabilities.effective.names.length, capabilities.effective.unknown], [41, []]);
  assert.deepEqual(capabilities.bounding, {
    mask: 0x80000001_00000000n,
    names: ['CAP_MAC_OVERRIDE'],
    unknown: [63],
  });
  assert.deepEqual(capabilities.ambient.names, ['CAP_CHOWN']);
});

test('signals: actions by number although two are left out, masks, and who sent what waits', async () => {
  const nothing = { sigaction: 0n, flags: 0n, restorer: 0n, mask: 0n };
  const sigactions = Array.from({ length: 62 }, () => ({ ...nothing }));
  sigactions[0] = { ...nothing, sigaction: 1n };
  // SIGUSR1 is signal 10; SIGKILL, 9, has no entry. SIGCHLD is 17, SIGCONT 18; SIGSTOP, 19, has none; SIGTSTP is 20.
  sigactions[8] = { sigaction: 0x401000n, flags: 0x14000004n, restorer: 0x402000n, mask: 0x1n };
  sigactions[16 - 1] = { ...nothing, flags: 2n };
  sigactions[18 - 1] = { ...nothing, sigaction: 1n };
  const signalsS = { signals: [{ siginfo: siginfo({ 0: 15, 8: 0, 16: 1, 20: 1000 }) }] };
  const signalsP = { signals: [{ siginfo: siginfo({ 0: 10, 8: -6, 16: 7 }) }] };
  const { facts, thread } = await factsOf({ sigactions, signalsS, blkSigset: 0x80004000n }, { signalsP });
  assert.deepEqual(
    facts.signalActions?.map(({ number, signal, action }) => [number, signal, action]),
    [
      [1, 'SIGHUP', 'ignored'],
      [10, 'SIGUSR1', 'handled'],
      [17, 'SIGCHLD', 'default'],
      [20, 'SIGTSTP', 'ignored'],
    ],
  );
  const [, handled] = facts.signalActions ?? [];
  assert.equal(handled?.handler, 0x401000n);
  assert.deepEqual(handled?.flags.names, ['SA_SIGINFO', 'SA_RESTORER', 'SA_RESTART']);
  assert.deepEqual(handled?.mask, ['SIGHUP']);
  assert.deepEqual(thread.blocked, ['SIGTERM', 'SIGRT0']);
  assert.deepEqual(facts.pending, [
    { number: 15, signal: 'SIGTERM', code: 'SI_USER', errno: 0, sender: { pid: 1, uid: 1000 } },
  ]);
  assert.deepEqual(thread.pending, [
    { number: 10, signal: 'SIGUSR1', code: 'SI_TKILL', errno: 0, sender: { pid: 7, uid: 0 } },
  ]);
});

test('a siginfo says what its code gives meaning to, and no more', () => {
  const decoded = (words: Readonly<Record<number, number>>) =>
    decodeSiginfo(siginfo(words), core_entry_march.X86_64) ?? assert.fail();
  const rest = ({ number: _n, signal: _s, errno: _e, ...others }: ReturnType<typeof decoded>) => others;
  assert.deepEqual(rest(decoded({ 0: 34, 8: -1, 16: 5, 20: 6, 24: 7 })), {
    code: 'SI_QUEUE',
    sender: { pid: 5, uid: 6 },
    value: 7n,
  });
  assert.deepEqual(rest(decoded({ 0: 12, 8: -2, 16: 3, 20: 2, 24: 9 })), {
    code: 'SI_TIMER',
    timer: { id: 3, overrun: 2 },
    value: 9n,
  });
  assert.deepEqual(rest(decoded({ 0: 17, 8: 2, 16: 9, 24: 11 })), {
    code: 'CLD_KILLED',
    sender: { pid: 9, uid: 0 },
    status: 11,
  });
  assert.deepEqual(rest(decoded({ 0: 11, 8: 1, 16: 0x1000 })), { code: 'SEGV_MAPERR', address: 0x1000n });
  assert.deepEqual(rest(decoded({ 0: 11, 8: 128, 16: 0x1000 })), { code: 'SI_KERNEL' });
  assert.deepEqual(rest(decoded({ 0: 29, 8: 1, 16: 1, 24: 4 })), { code: 'POLL_IN', io: { events: 1n, fd: 4 } });
  const arch = 0xc000003e | 0;
  assert.deepEqual(rest(decoded({ 0: 31, 8: 1, 16: 0x2000, 24: 59, 28: arch })), {
    code: 'SYS_SECCOMP',
    call: { address: 0x2000n, number: 59, arch: 0xc000003e },
  });
  assert.equal(decoded({ 0: 15, 8: 77 }).code, 'code 77');
  assert.equal(decodeSiginfo(new Uint8Array(127), core_entry_march.X86_64), undefined);
});

test('timers run in nanoseconds on the clock they were made with', async () => {
  const still = { isec: 0n, iusec: 0n, vsec: 0n, vusec: 0n };
  const posix = { itId: 3, siSigno: 12, itSigevNotify: 4, sivalPtr: 0x5eedn, overrun: 2, isec: 0n, insec: 500n };
  const timers = {
    ...{ real: { isec: 900n, iusec: 1n, vsec: 1800n, vusec: 5n }, virt: still, prof: still },
    posix: [
      { ...posix, clockId: 7, vsec: 1n, vnsec: 2n, notifyThreadId: 9 },
      { ...posix, clockId: (~41 << 3) | 6 | 0, vsec: 0n, vnsec: 0n, itSigevNotify: 1 },
    ].map((timer) => ({ ...timer, clockId: timer.clockId >>> 0 })),
  };
  const { facts } = await factsOf({ timers });
  assert.deepEqual(facts.timers?.interval, [
    { timer: 'real', interval: 900_000_001_000n, remaining: 1_800_000_005_000n },
  ]);
  const [boot, cpu] = facts.timers?.posix ?? [];
  assert.deepEqual(boot, {
    ...{ id: 3, clock: 'CLOCK_BOOTTIME', interval: 500n, remaining: 1_000_000_002n, notify: 'SIGEV_THREAD_ID' },
    ...{ signalNumber: 12, value: 0x5eedn, overrun: 2, thread: 9 },
  });
  assert.deepEqual([cpu?.clock, cpu?.notify], ['CPU time of thread 41', 'SIGEV_NONE']);
});

test('limits, schedule and the rest have their names', async () => {
  const all = (1n << 64n) - 1n;
  const rlimits = Array.from({ length: 17 }, (_, index) => ({ cur: BigInt(index), max: all }));
  const { task, facts, thread } = await factsOf(
    {
      ...{ rlimits: { rlimits }, oomScoreAdj: -17, loginuid: 0xffffffff, childSubreaper: true, stopSigno: 19 },
      ...{ personality: 0x40008, flags: 0x400140, membarrierRegistrationMask: 0x10, cgSet: 3 },
    },
    {
      ...{ schedPolicy: 0x40000002, schedPrio: 50, schedNice: -5, pdeathSig: 9, futexRla: 0x10n, futexRlaLen: 24 },
      ...{ sas: { ssSp: 0x1000n, ssSize: 8192n, ssFlags: 0x80000000 } },
      rseqEntry: { rseqAbiPointer: 0x20n, rseqAbiSize: 32, signature: 1 },
    },
  );
  assert.deepEqual(facts.limits?.[7], { resource: 'RLIMIT_NOFILE', soft: 7n, hard: 'unlimited' });
  assert.equal(facts.limits?.[16]?.resource, 'limit 16');
  assert.deepEqual([facts.oomScoreAdj, facts.loginUid, facts.childSubreaper], [-17, 'unset', true]);
  assert.deepEqual([facts.stopSignal, facts.cgroupSet], ['SIGSTOP', 3]);
  assert.deepEqual([facts.personality.domain, facts.personality.flags.names], ['PER_LINUX32', ['ADDR_NO_RANDOMIZE']]);
  assert.deepEqual(facts.flags.names, ['PF_FORKNOEXEC', 'PF_SUPERPRIV', 'PF_RANDOMIZE']);
  assert.deepEqual(facts.membarrier?.names, ['REGISTER_PRIVATE_EXPEDITED']);
  assert.deepEqual(thread.schedule, { policy: 'SCHED_RR', priority: 50, nice: -5, resetOnFork: true });
  assert.equal(thread.parentDeathSignal, 'SIGKILL');
  assert.deepEqual(thread.alternateStack?.flags.names, ['SS_AUTODISARM']);
  assert.deepEqual(thread.rseq, { address: 0x20n, bytes: 32, signature: 1 });
  assert.deepEqual(thread.robustFutexes, { address: 0x10n, bytes: 24 });
  assert.deepEqual([task.pid, task.ppid, task.pgid, task.sid], [PID, 1, 5, 4]);
});

test('what was not recorded is undefined, and not zero', async () => {
  const { facts, thread, task } = await factsOf();
  const { oomScoreAdj, loginUid, membarrier, limits, timers, signalActions, stopSignal } = facts;
  for (const value of [oomScoreAdj, loginUid, membarrier, limits, timers, signalActions, stopSignal])
    assert.equal(value, undefined);
  assert.deepEqual(thread.schedule, { policy: undefined, priority: undefined, nice: undefined, resetOnFork: false });
  assert.equal(thread.credentials, undefined);
  assert.deepEqual([task.dumpable, task.objects, task.terminal], [undefined, undefined, undefined]);
});

test('a process that has ended tells how, and nothing that it no longer has', async () => {
  for (const [status, exit] of [
    [3 << 8, { how: 'exited', code: 3 }],
    [11 | 0x80, { how: 'killed', signal: 'SIGSEGV', coreDumped: true }],
    [9, { how: 'killed', signal: 'SIGKILL', coreDumped: false }],
  ] as const) {
    const tc = { ...ALIVE, taskState: 2, exitCode: status };
    // CRIU leaves the list of its threads unset; the number is whatever was in that memory.
    const images = madeSet({ vmas: undefined, cores: { [PID]: { mtype: 1, tc } }, tids: [1800928992] });
    const task = await taskOf(images);
    assert.deepEqual([task.state, task.exit, task.threads], ['dead', exit, []]);
    assert.deepEqual(task.facts, { state: 'absent', reason: 'ended' });
    assert.deepEqual(images.diagnostics.list, []);
  }
});

test('a missing core image leaves the rest of the row, and is told', async () => {
  const images = madeSet({ vmas: undefined, cores: {}, tids: [PID, 8] });
  const task = await taskOf(images);
  assert.deepEqual([task.pid, task.state, task.name], [PID, 'unknown', undefined]);
  assert.deepEqual(task.facts, { state: 'absent', reason: 'missing' });
  assert.deepEqual(
    task.threads.map(({ tid, facts }) => [tid, facts]),
    [PID, 8].map((tid) => [tid, { state: 'absent', reason: 'missing' }]),
  );
  assert.deepEqual(
    images.diagnostics.list.map(({ id, source, severity }) => [id, source, severity]),
    [
      ['task-core-missing', 'core-7.img', 'error'],
      ['task-core-missing', 'core-8.img', 'error'],
    ],
  );
});

test('threads without a filter of their own have that of the process only where CRIU says all share it', async () => {
  const filtered: ThreadCore = { ...THREAD, seccompMode: seccomp_mode.filter, seccompFilter: 1 };
  const cores = {
    [PID]: x86Core({ tc: ALIVE, threadCore: filtered }),
    8: x86Core({ threadCore: THREAD }),
    9: x86Core({ threadCore: { ...THREAD, seccompMode: seccomp_mode.strict } }),
  };
  const filter = programOf(bpf.answer(0x7fff0000));
  for (const [flags, expected] of [
    [1, { mode: 'filter', filter: 1, ofProcess: true }],
    [0, { mode: 'disabled', filter: undefined, ofProcess: false }],
  ] as const) {
    const seccomp = await seccompImage({ filter }, { filter, flags });
    const { threads } = await taskOf(withImages(madeSet({ vmas: undefined, cores }), { 'seccomp.img': seccomp }));
    const modes = threads.map(({ facts }) => facts.state === 'present' && facts.seccomp);
    assert.deepEqual(modes[1], expected);
    assert.deepEqual(modes[2], { mode: 'strict', filter: undefined, ofProcess: false });
  }
});

test('the terminal of a session is the end that a program sees', async () => {
  const cores = { [PID]: x86Core({ tc: ALIVE, threadCore: THREAD }) };
  const ttys = await terminalImage(
    { sid: 4, pgrp: 5, rdev: (5 << 8) | 2 },
    { sid: 9, pgrp: 9, rdev: (136 << 8) | 1 },
    { sid: 4, pgrp: 5, rdev: (137 << 8) | 3 },
  );
  const task = await taskOf(withImages(madeSet({ vmas: undefined, cores }), { 'tty-info.img': ttys }));
  assert.deepEqual([task.terminal?.name, task.terminal?.foreground], ['pts/259', 5]);
});

test('what CRIU of 2013 wrote into images of their own is read from there', async () => {
  const cores = { [PID]: x86Core({ tc: ALIVE, threadCore: THREAD }) };
  const timer = { isec: 0n, iusec: 0n, vsec: 0n, vusec: 0n };
  const posix = { itId: 1, clockId: 0, siSigno: 10, itSigevNotify: 0, sivalPtr: 0n, overrun: 0 };
  const nothing = { sigaction: 0n, flags: 0n, restorer: 0n, mask: 0n };
  const images = withImages(madeSet({ vmas: undefined, cores }), {
    [`creds-${PID}.img`]: await imageOf('creds', creds_entrySchema, { ...CREDS, uid: 33 }),
    [`sigacts-${PID}.img`]: await imageOf('sigacts', sa_entrySchema, nothing, { ...nothing, sigaction: 1n }),
    [`rlimit-${PID}.img`]: await imageOf('rlimit', rlimit_entrySchema, { cur: 1n, max: 2n }),
    [`itimers-${PID}.img`]: await imageOf('itimers', itimer_entrySchema, { ...timer, vsec: 1n }, timer, timer),
    [`posix-timers-${PID}.img`]: await imageOf('posix-timers', posix_timer_entrySchema, {
      ...{ ...posix, isec: 0n, insec: 0n, vsec: 5n, vnsec: 0n },
    }),
    [`signal-s-${PID}.img`]: await imageOf('signal-s', siginfo_entrySchema, { siginfo: siginfo({ 0: 15 }) }),
    [`signal-p-${PID}.img`]: await imageOf('signal-p', siginfo_entrySchema, { siginfo: siginfo({ 0: 10 }) }),
  });
  const { facts, threads } = await taskOf(images);
  const [thread] = threads;
  assert.ok(facts.state === 'present' && thread?.facts.state === 'present');
  assert.equal(thread.facts.credentials?.uid, 33);
  assert.deepEqual(facts.signalActions?.[0]?.signal, 'SIGINT');
  assert.deepEqual(facts.limits, [{ resource: 'RLIMIT_CPU', soft: 1n, hard: 2n }]);
  assert.equal(facts.timers?.interval[0]?.remaining, 1_000_000_000n);
  assert.equal(facts.timers?.posix[0]?.clock, 'CLOCK_REALTIME');
  assert.deepEqual([facts.pending[0]?.signal, thread.facts.pending[0]?.signal], ['SIGTERM', 'SIGUSR1']);
});

test('registers have the names of the machine', () => {
  const x86 = registersOf(create(core_entrySchema, x86Core())) ?? assert.fail();
  assert.deepEqual([x86.machine, x86.general[0], x86.general[10]], ['x86-64', ['r15', 1n], ['rax', 11n]]);
  // orig_ax is 16 in the made-up registers.
  assert.deepEqual([x86.instructionPointer, x86.stackPointer, x86.inCall, x86.tls], [17n, 20n, 'ioctl', 22n]);
  const gpregs = { regs: Array.from({ length: 31 }, (_, index) => BigInt(index)), sp: 100n, pc: 200n, pstate: 300n };
  const arm = registersOf(
    create(core_entrySchema, {
      mtype: core_entry_march.AARCH64,
      tiAarch64: { clearTidAddr: 1n, tls: 5n, gpregs, fpsimd: { fpsr: 0, fpcr: 0 }, pacKeys: {} },
    }),
  );
  assert.deepEqual([arm?.machine, arm?.instructionPointer, arm?.stackPointer, arm?.tls], ['aarch64', 200n, 100n, 5n]);
  assert.deepEqual([arm?.general[30], arm?.general.length], [['x30', 30n], 34]);
  assert.deepEqual(arm?.parts, ['fpsimd', 'pointer-authentication-keys']);
  assert.equal(registersOf(create(core_entrySchema, { mtype: core_entry_march.X86_64 })), undefined);
});
