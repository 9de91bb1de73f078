/** Facts of processes: what CRIU wrote, under the names of the field, and what is missing said to be missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seccomp_mode } from '@stillframe/criu-image/proto';
import { openCheckpoint } from '../checkpoint.ts';
import { madeSet, PID, x86Core } from '../elf-core/made-set.fixture.ts';
import {
  ALIVE,
  bpf,
  CREDS,
  factsOf,
  programOf,
  seccompImage,
  THREAD,
  type ThreadCore,
  taskOf,
  terminalImage,
  withImages,
} from './made-task.fixture.ts';
import { readRegisters, readTasks } from './task.ts';

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
    assert.deepEqual(facts.seccomp, { mode: 'filter', filter: 1, begins: 'oldest', ofProcess: tid !== 6 });
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
    [1, { mode: 'filter', filter: 1, begins: 'oldest', ofProcess: true }],
    [0, { mode: 'disabled', filter: undefined, begins: 'oldest', ofProcess: false }],
  ] as const) {
    const seccomp = await seccompImage({ filter }, { filter, flags });
    const { threads } = await taskOf(withImages(madeSet({ vmas: undefined, cores }), { 'seccomp.img': seccomp }));
    const modes = threads.map(({ facts }) => facts.state === 'present' && facts.seccomp);
    assert.deepEqual(modes[1], expected);
    assert.deepEqual(modes[2], { mode: 'strict', filter: undefined, begins: 'oldest', ofProcess: false });
  }
});

test('a filter that an old CRIU wrote for the whole process begins its chain with the newest', async () => {
  const { thread } = await factsOf({ oldSeccompMode: seccomp_mode.filter, oldSeccompFilter: 4 });
  assert.deepEqual(thread.seccomp, { mode: 'filter', filter: 4, begins: 'newest', ofProcess: false });
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
