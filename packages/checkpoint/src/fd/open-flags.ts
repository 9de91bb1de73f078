/** Flags of open(2) by name. Their numbers depend on the machine that was dumped (uapi fcntl.h). */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import { type NamedBits, namesOfBits } from '../flag-names.ts';

/** Which numbers the flags have: those of x86, which most machines share, or those of arm. */
export type FlagNumbers = 'generic' | 'arm';

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

const TABLES: Readonly<Record<FlagNumbers, NamedBits>> = {
  generic: [
    ['O_TMPFILE', 0o20200000],
    ...EVERYWHERE,
    ['O_DIRECT', 0o40000],
    ['O_LARGEFILE', 0o100000],
    ['O_DIRECTORY', 0o200000],
    ['O_NOFOLLOW', 0o400000],
  ],
  arm: [
    ['O_TMPFILE', 0o20040000],
    ...EVERYWHERE,
    ['O_DIRECTORY', 0o40000],
    ['O_NOFOLLOW', 0o100000],
    ['O_DIRECT', 0o200000],
    ['O_LARGEFILE', 0o400000],
  ],
};

/** `O_RDWR`, `O_APPEND`…: the access mode first, `0x…` last for bits that have no name. */
export function openFlagNames(flags: number, numbers: FlagNumbers = 'generic'): readonly string[] {
  return [ACCESS[flags & ACCESS_MODE] ?? '', ...namesOfBits((flags & ~ACCESS_MODE) >>> 0, TABLES[numbers])];
}

/** Values of core_entry.mtype: ARM and AARCH64. */
const ARM_MACHINES = [2, 3];

/** The numbers that the machine of this dump uses, by the first core image that can be read. */
export async function readFlagNumbers(images: ImageSet, options: SignalOptions = {}): Promise<FlagNumbers> {
  const root = await images.single('pstree', undefined, options);
  const core = root && (await images.single('core', root.pid, options));
  return core !== undefined && ARM_MACHINES.includes(core.mtype) ? 'arm' : 'generic';
}
