/** What the corpus must tell of processes and threads: each fact at the process that has it. */
import assert from 'node:assert/strict';
import { compareEnvironment, readEnvironment, readSeccompFilters, readTasks, type Task } from '@stillframe/checkpoint';
import type { ImageSet } from '@stillframe/criu-image';
import { core_entry_march } from '@stillframe/criu-image/proto';
import { corpusValue } from './corpus.ts';

/** Rights, signals, timers, limits and filters of the corpus's processes. */
export async function assertTasks(images: ImageSet): Promise<void> {
  const tasks = await Array.fromAsync(readTasks(images, { dumpable: true }));
  const named = (name: string) => tasks.find((task) => task.name === name) ?? assert.fail(name);
  const main = told(named('corpus-main'));
  assert.deepEqual(
    main.facts.pending.map(({ signal, code, sender }) => [signal, code, sender?.pid]),
    [['SIGUSR1', 'SI_USER', 1]],
  );
  assert.deepEqual(main.thread.blocked, ['SIGUSR1', 'SIGUSR2', 'SIGRT2']);
  const [interval] = main.facts.timers?.interval ?? [];
  assert.deepEqual([interval?.timer, interval?.interval], ['real', 900_000_000_000n]);
  const [posix] = main.facts.timers?.posix ?? [];
  assert.deepEqual([posix?.clock, posix?.notify, posix?.signalNumber], ['CLOCK_MONOTONIC', 'SIGEV_SIGNAL', 12]);
  assert.equal(posix?.value, 0x5eedn);
  const threads = named('corpus-main').threads.map(({ name }) => name);
  assert.deepEqual(threads, ['corpus-main', 'corpus-thread-1', 'corpus-thread-2']);
  const dead = tasks.find(({ state }) => state === 'dead');
  assert.deepEqual(dead?.exit, { how: 'exited', code: 3 });
  const session = named('corpus-session');
  assert.deepEqual([session.terminal?.name, session.terminal?.foreground], ['pts/0', session.pgid]);
  const capabilities = main.thread.credentials?.capabilities.effective.names ?? [];
  assert.ok(capabilities.includes('CAP_SYS_ADMIN') && !capabilities.includes('CAP_SYS_PTRACE'));

  const rights = named('corpus-rights');
  const { facts, thread } = told(rights);
  assert.deepEqual(thread.credentials?.groups, [10, 20]);
  assert.equal(thread.credentials?.noNewPrivileges, true);
  assert.equal(thread.schedule.nice, 5);
  assert.equal(thread.parentDeathSignal, 'SIGHUP');
  assert.equal(facts.childSubreaper, true);
  const files = facts.limits?.find(({ resource }) => resource === 'RLIMIT_NOFILE');
  assert.deepEqual([files?.soft, files?.hard], [512n, 1024n]);
  const actions = new Map(facts.signalActions?.map((action) => [action.signal, action]));
  const usr2 = actions.get('SIGUSR2');
  assert.equal(usr2?.action, 'handled');
  assert.ok(usr2.flags.names.includes('SA_RESTART'));
  assert.deepEqual(usr2.mask, ['SIGHUP', 'SIGTERM']);
  assert.equal(actions.get('SIGTTIN')?.action, 'ignored');
  assert.deepEqual(
    thread.pending.map(({ signal, code, sender }) => [signal, code, sender?.pid]),
    [['SIGUSR1', 'SI_TKILL', rights.pid]],
  );

  const machine = process.arch === 'arm64' ? core_entry_march.AARCH64 : core_entry_march.X86_64;
  const filters = await readSeccompFilters(images, machine);
  const chain = filters.chain(thread.seccomp.filter ?? assert.fail());
  assert.equal(chain.length, 2, 'its own filter before that of the container');
  assert.deepEqual(
    filters.disassemble(chain[0] ?? -1).map(({ comment }) => comment),
    ['call', 'kexec_file_load', 'ERRNO(7)', 'ALLOW'],
  );
  const answers = new Map(filters.verdicts(chain)?.actions.map(({ action, calls }) => [action, calls]));
  assert.deepEqual(answers.get('ERRNO(7)'), ['kexec_file_load']);
  assert.deepEqual(answers.get('ERRNO(EPERM)'), ['kexec_load']);

  const { variables } = compareEnvironment(await readEnvironment(images, rights.pid), [
    `CORPUS=${corpusValue('environment')}`,
  ]);
  // What the program deleted since stands in the texts of its start; perl keeps its own vector on its heap.
  const found = variables.find(({ name }) => name === 'CORPUS');
  assert.deepEqual([found?.text, found?.declared], [`CORPUS=${corpusValue('environment')}`, 'same']);
}

/** Facts of a process and of its main thread. */
function told({ facts, threads: [thread] }: Task) {
  assert.ok(facts.state === 'present' && thread?.facts.state === 'present');
  return { facts, thread: thread.facts };
}
