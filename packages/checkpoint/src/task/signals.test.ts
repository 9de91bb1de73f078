/** Signals and timers: what is done on them, what waits, and when they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { core_entry_march } from '@stillframe/criu-image/proto';
import { factsOf, siginfo } from './made-task.fixture.ts';
import { decodeSiginfo } from './siginfo.ts';

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
