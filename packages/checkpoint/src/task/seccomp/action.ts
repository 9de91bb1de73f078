/** What a seccomp filter answers (SECCOMP_RET_*; seccomp(2)). */

/** Actions by the upper half of the value; the lower half is data. */
const ACTIONS: ReadonlyMap<number, string> = new Map([
  [0x80000000, 'KILL_PROCESS'],
  [0x00000000, 'KILL_THREAD'],
  [0x00030000, 'TRAP'],
  [0x00050000, 'ERRNO'],
  [0x7fc00000, 'USER_NOTIF'],
  [0x7ff00000, 'TRACE'],
  [0x7ffc0000, 'LOG'],
  [0x7fff0000, 'ALLOW'],
]);

/** Those that filters commonly answer (asm-generic/errno.h, the same on all machines but MIPS). */
const ERRORS: Readonly<Record<number, string>> = {
  ...{ 1: 'EPERM', 2: 'ENOENT', 3: 'ESRCH', 4: 'EINTR', 9: 'EBADF', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES' },
  ...{ 14: 'EFAULT', 16: 'EBUSY', 17: 'EEXIST', 19: 'ENODEV', 22: 'EINVAL', 24: 'EMFILE', 25: 'ENOTTY' },
  ...{ 30: 'EROFS', 38: 'ENOSYS', 95: 'EOPNOTSUPP', 97: 'EAFNOSUPPORT' },
};
const WITH_DATA = new Set(['TRAP', 'TRACE']);

/** `ALLOW`, `ERRNO(EPERM)`, `TRACE(5)`. A value of no action ends the process, as the kernel has it. */
export function actionText(value: number): string {
  const data = value & 0xffff;
  const name = ACTIONS.get((value & 0xffff0000) >>> 0);
  if (name === undefined) return `KILL_PROCESS (0x${(value >>> 0).toString(16)})`;
  if (name === 'ERRNO') return `ERRNO(${ERRORS[data] ?? data})`;
  return WITH_DATA.has(name) && data !== 0 ? `${name}(${data})` : name;
}

/** What the kernel does where two filters answer: the lower action, compared with its sign, and of two equal ones the newer's. */
export function stricter(newer: number, older: number): number {
  return (older & 0xffff0000) < (newer & 0xffff0000) ? older : newer;
}
