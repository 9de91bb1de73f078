/** Images of the first versions of CRIU. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  creds_entrySchema,
  itimer_entrySchema,
  posix_timer_entrySchema,
  rlimit_entrySchema,
  sa_entrySchema,
  siginfo_entrySchema,
} from '@stillframe/criu-image/proto';
import { madeSet, PID, x86Core } from '../elf-core/made-set.fixture.ts';
import { ALIVE, CREDS, imageOf, siginfo, THREAD, taskOf, withImages } from './made-task.fixture.ts';

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
