/** Flags of open(2) by name. Their numbers depend on the machine that was dumped (uapi fcntl.h). */
import { core_entry_march } from '@stillframe/criu-image/proto';
import { type NamedBits, namesOfBits } from '../flag-names.ts';

/** The bits that say whether a file is read (0), written (1) or both (2). */
export const ACCESS_MODE = 3;

const ACCESS: Readonly<Record<number, string>> = { 0: 'O_RDONLY', 1: 'O_WRONLY', 2: 'O_RDWR', 3: 'O_ACCMODE' };

/** Those that have one number everywhere; what is made of several bits stands first. */
const EVERYWHERE: NamedBits = [
  ['O_SYNC', 0o4010000],
  ['O_CREAT', 0o100],
  ['O_EXCL', 0o200],
  ['O_NOCTTY', 0o400],
  ['O_TRUNC', 0o1000],
  ['O_APPEND', 0o2000],
  ['O_NONBLOCK', 0o4000],
  ['O_DSYNC', 0o10000],
  ['O_ASYNC', 0o20000],
  ['O_NOATIME', 0o1000000],
  ['O_CLOEXEC', 0o2000000],
  ['O_PATH', 0o10000000],
];

/** Numbers of x86, which most machines share. */
const USUAL: NamedBits = [
  ['O_TMPFILE', 0o20200000],
  ...EVERYWHERE,
  ['O_DIRECT', 0o40000],
  ['O_LARGEFILE', 0o100000],
  ['O_DIRECTORY', 0o200000],
  ['O_NOFOLLOW', 0o400000],
];

const ARM: NamedBits = [
  ['O_TMPFILE', 0o20040000],
  ...EVERYWHERE,
  ['O_DIRECTORY', 0o40000],
  ['O_NOFOLLOW', 0o100000],
  ['O_DIRECT', 0o200000],
  ['O_LARGEFILE', 0o400000],
];

/** MIPS and POWER number them in ways of their own, which are not known here. */
const TABLES: Readonly<Partial<Record<core_entry_march, NamedBits>>> = {
  [core_entry_march.ARM]: ARM,
  [core_entry_march.AARCH64]: ARM,
  [core_entry_march.MIPS]: [],
  [core_entry_march.PPC64]: EVERYWHERE,
};

/** `O_RDWR`, `O_APPEND`…: the access mode first, `0x…` last for bits that have no name. */
export function openFlagNames(flags: number, machine: core_entry_march = core_entry_march.X86_64): readonly string[] {
  const names = namesOfBits((flags & ~ACCESS_MODE) >>> 0, TABLES[machine] ?? USUAL);
  return [ACCESS[flags & ACCESS_MODE] ?? '', ...names];
}
