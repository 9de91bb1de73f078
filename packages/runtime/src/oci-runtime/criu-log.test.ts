import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interestingLines, remedyFor } from './criu-log.ts';

/** What CRIU writes around a failure: every level, and two error lines that also stand in sound dumps. */
const LOG = `(00.000033) Unable to get $HOME directory, local configuration file will not be used.
(00.000100) Version: 4.2.1 (gitid 0)
(00.000261) rlimit: RLIMIT_NOFILE unlimited for self
(00.000300) Error (criu/rlimit.c:11): rlimit: Can't setup RLIMIT_NOFILE for self
(00.000512) Error (criu/kerndat.c:1341): Can't keep kdat cache on non-tempfs
(00.002100) Warn  (criu/image.c:134): Failed to open parent directory
(00.003111) cpu: x86_family 6, no error so far
(00.021300) Error (criu/sk-inet.c:193): inet: Connected TCP socket, consider using --tcp-established option.
(00.021400) ----------------------------------------
(00.021500) Error (criu/cr-dump.c:1678): Dump files (pid: 4711) failed with -1
(00.030100)    211: Error (criu/files-reg.c:2302): File srv/app has bad size 7 (expect 9)
(00.040000) Error (criu/cr-dump.c:2128): Dumping FAILED.
`;

test('of a log only the lines tell that belong to the failure, in their order', () => {
  assert.deepEqual(interestingLines(LOG), [
    'Error (criu/sk-inet.c:193): inet: Connected TCP socket, consider using --tcp-established option.',
    'Error (criu/cr-dump.c:1678): Dump files (pid: 4711) failed with -1',
    'Error (criu/files-reg.c:2302): File srv/app has bad size 7 (expect 9)',
    'Error (criu/cr-dump.c:2128): Dumping FAILED.',
  ]);
});

test('the restorer’s own lines count too', () => {
  assert.deepEqual(interestingLines("(00.050000) pie: 1: Error (criu/pie/restorer.c:88): Can't restore 3\n"), [
    "Error (criu/pie/restorer.c:88): Can't restore 3",
  ]);
});

test('at most eight lines are told, and a sound log tells none', () => {
  const many = Array.from({ length: 50 }, (_, i) => `(00.0${i}) Error (criu/x.c:${i}): failure ${i}\n`).join('');
  assert.equal(interestingLines(many).length, 8);
  assert.match(interestingLines(many)[0] ?? '', /failure 0$/);
  assert.deepEqual(
    interestingLines("(00.1) Error (criu/rlimit.c:11): rlimit: Can't setup RLIMIT_NOFILE for self\n"),
    [],
  );
  assert.deepEqual(interestingLines(''), []);
});

test('a log of a hostile process name takes no long time', () => {
  const begin = performance.now();
  interestingLines(`(00.1)${' '.repeat(200_000)}\n(${'1'.repeat(200_000)}.\n`);
  remedyFor(`Error ${'No mapping for '.repeat(20_000)}`);
  assert.ok(performance.now() - begin < 15_000);
});

const CAUSES: readonly [line: string, remedy: RegExp][] = [
  ['inet: Connected TCP socket, consider using --tcp-established option.', /tcp-established: "true"/],
  ['inet: Unsupported proto 262 for socket 7', /GODEBUG=multipathtcp=0/],
  ['inet: In-flight connection (l) for 7f', /half open/],
  ['unix: External socket is used. Consider using --ext-unix-sk option.', /leads out of the container/],
  ["unix: Can't dump half of stream unix connection.", /leads out of the container/],
  ["files-reg: Can't dump ghost file /tmp/x of 99999999 size, increase limit", /ghost-limit/],
  ['Unseizable non-zombie 4711 found, state t, err -1/10', /traces a process/],
  ["Can't dump file 4 of that type [20666] (unknown /dev/nvidiactl)", /holds a device/],
  ["Can't dump file 4 of that type [600] (anon_inode:[io_uring])", /UV_USE_IO_URING=0/],
  ['cgroup: Unable to freeze cgroup /sys/fs/cgroup/x (timeout)', /could not be frozen/],
  ["Can't get rlimit 0: Operation not permitted", /CAP_SYS_RESOURCE/],
  ['vdso: vDSO symbol table is not as expected', /too old for this kernel/],
  ['mnt: No mapping for 7:/srv/data mountpoint', /bind mount that the request/],
  ['File srv/app has bad size 7 (expect 9)', /same base image/],
  ['File srv/app has bad mode 0100644 (expect 0100755)', /same base image/],
  ['File srv/app has bad build-ID', /same base image/],
  ['cpu: CPU xsave size mismatch (2440 vs 2696)', /CPU features/],
  ['cpu: FPU feature required by image is not supported on host (ino 3)', /CPU features/],
];

for (const [line, remedy] of CAUSES) {
  test(`there is something to do about: ${line}`, () => {
    assert.match(remedyFor(`(00.01) Error (criu/some.c:1): ${line}\n`) ?? '', remedy);
  });
}

test('the real cause is found in a whole log, and a sound log has no remedy', () => {
  assert.match(remedyFor(LOG) ?? '', /tcp-established/);
  assert.equal(
    remedyFor('(00.003111) cpu: CPU xsave size 2696\n(00.1) vdso: parsed\n(00.2) Dumping finished successfully\n'),
    undefined,
  );
  assert.equal(remedyFor("(00.1) Error (criu/rlimit.c:11): rlimit: Can't setup RLIMIT_NOFILE for self\n"), undefined);
  assert.equal(remedyFor(''), undefined);
});
