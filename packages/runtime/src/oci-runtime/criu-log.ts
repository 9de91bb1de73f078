/** CRIU's logs: the lines that tell why it failed, and what to do about the causes that are known. */

/** Lines that stand in every log, also of a dump that succeeded. */
const NOISE = [/RLIMIT_NOFILE for self/, /Can't keep kdat cache/];
/** `(seconds) [pie: ][pid: ]Error (file:line): …`; code that runs inside a task is called `pie`. */
const ERROR = /^\(\d+\.\d+\)\s*(?:pie: )?(?:\d+:\s*)?(Error \([^)]*\):\s*)(.*)$/;

/** Characters looked at of one line: names in it are the workload's, and no pattern may take long over them. */
const LINE = 2048;

function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.slice(0, LINE));
}

/** The messages of the error lines of a dump.log or restore.log, oldest first, at most eight. */
export function interestingLines(log: string): string[] {
  const found: string[] = [];
  for (const line of linesOf(log)) {
    const match = ERROR.exec(line);
    if (match && !NOISE.some((noise) => noise.test(line))) found.push(`${match[1] ?? ''}${match[2] ?? ''}`.trim());
    if (found.length === 8) break;
  }
  return found;
}

/** Known causes (reference: CRIU's own messages), first match wins. */
const REMEDIES: readonly { cause: RegExp; remedy: string }[] = [
  {
    cause: /Connected TCP socket/,
    remedy:
      'the container holds connected TCP sockets: allow them with the annotation io.stillframe.criu/tcp-established: "true"',
  },
  {
    cause: /Unsupported proto 262/,
    remedy: 'the workload uses multipath TCP, which CRIU cannot dump; Go servers stop with GODEBUG=multipathtcp=0',
  },
  {
    cause: /In-flight connection/,
    remedy: 'a connection was half open: try again, or set io.stillframe.criu/skip-in-flight: "true"',
  },
  {
    cause: /External socket is used|half of stream unix connection/,
    remedy: 'a Unix socket leads out of the container; its peer cannot be captured with it',
  },
  {
    cause: /Can't dump ghost file/,
    remedy: 'a deleted but open file is larger than the limit: raise io.stillframe.criu/ghost-limit',
  },
  {
    cause: /io_uring/,
    remedy:
      'the program uses io_uring, which CRIU cannot dump: Node.js goes without by UV_USE_IO_URING=0, others by a seccomp profile that refuses io_uring_setup',
  },
  { cause: /unknown \/dev\//, remedy: 'the container holds a device that CRIU cannot dump' },
  {
    cause: /Unseizable non-zombie/,
    remedy:
      'another program traces a process of the container (gdb, strace: TracerPid in its /proc/PID/status), or it hangs in the kernel (state D): end that, and try again',
  },
  {
    cause: /Unable to freeze|timeout/i,
    remedy: 'a process could not be frozen in time; it may hang in the kernel: try again',
  },
  {
    cause: /Can't get rlimit/,
    remedy: 'this host lacks CAP_SYS_RESOURCE, so processes of other users cannot be dumped here',
  },
  {
    cause: /vDSO|vdso/,
    remedy: 'this CRIU is too old for this kernel: `npx stillframe doctor` says how to get 4.2 or later',
  },
  {
    cause: /No mapping for .* mountpoint/,
    remedy: 'the container had a bind mount that the request for the copy lacks',
  },
  {
    cause: /has bad size|has bad mode|bad build-ID/,
    remedy: 'a file changed since the checkpoint: use the same base image',
  },
  { cause: /CPU|xsave|FPU/, remedy: 'the checkpoint needs CPU features that this machine lacks' },
];

/** What to do about a failure whose log is `text`, or undefined where the cause is not a known one. */
export function remedyFor(text: string): string | undefined {
  const telling = linesOf(text).filter((line) => /Error|Can't|fail/i.test(line));
  return REMEDIES.find(({ cause }) => telling.some((line) => cause.test(line)))?.remedy;
}
