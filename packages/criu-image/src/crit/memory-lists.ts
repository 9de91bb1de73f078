/** The two listings of `crit x` that tell of memory: `mems` and `rss`. */
import type { ImageSet, SignalOptions } from '../image-set.ts';
import { VmaStatus } from '../memory/vma-status.ts';
import { fd_types, type pagemap_entry, type vma_entry } from '../proto.ts';
import { type FileNames, readFileNames } from './file-names.ts';

const GROWS_DOWN = 0x100;
/** crit counts pages of 4 KiB, whatever machine was dumped. */
const PAGE_BITS = 12n;
const BACKED = VmaStatus.FILE_PRIVATE | VmaStatus.FILE_SHARED;

/** The mappings of each process, with what is mapped. */
export async function* listMappings(images: ImageSet, options: SignalOptions): AsyncGenerator<string> {
  const nameOf = await readFileNames(images, options);
  const numbers = new Map<bigint, number>();
  // Segments are numbered in the order in which they are met.
  const numberOf = (shmid: bigint) => {
    if (!numbers.has(shmid)) numbers.set(shmid, numbers.size + 1);
    return (numbers.get(shmid) ?? 0).toString(16);
  };
  for await (const { pid } of images.entries('pstree', undefined, options)) {
    const mm = await images.single('mm', pid, options);
    yield String(pid);
    if (mm === undefined) continue;
    yield `\t${'exe'.padEnd(36)}    ${nameOf(fd_types.REG, mm.exeFileId)}`;
    for (const vma of mm.vmas) {
      const range = `${address(vma.start)}-${address(vma.end)}`;
      const gone = (vma.status & VmaStatus.REGULAR) === 0 ? ' *' : '';
      yield `\t${range.padEnd(36)}${protection(vma.prot)}${contentOf(vma, nameOf, numberOf)}${gone}`;
    }
  }
}

/** The runs of stored pages of each process, beside the mappings that they lie in. */
export async function* listPages(images: ImageSet, options: SignalOptions): AsyncGenerator<string> {
  const nameOf = await readFileNames(images, options);
  for await (const { pid } of images.entries('pstree', undefined, options)) {
    yield String(pid);
    const vmas = (await images.single('mm', pid, options))?.vmas ?? [];
    let at = 0;
    let last = -1;
    for await (const run of images.entries('pagemap', pid, options)) {
      const pages = pagesOf(run);
      while (endOf(vmas[at]) <= run.vaddr) at += 1;
      let beside = '';
      for (; startOf(vmas[at]) < run.vaddr + (pages << PAGE_BITS); at += 1) {
        const vma = vmas[at];
        if (vma === undefined) break;
        beside += `${at === last ? ' ~' : besideOf(vma, nameOf)}\n\t${' '.repeat(23)}`;
        last = at;
      }
      at = Math.max(0, at - 1);
      yield `${`\t${run.vaddr.toString(16)} / ${String(pages).padEnd(8)}`.padEnd(24)}${beside}`;
    }
  }
}

function besideOf(vma: vma_entry, nameOf: FileNames): string {
  const pages = String((vma.end - vma.start) >> PAGE_BITS).padEnd(8);
  const file = vma.status & BACKED ? ` ${nameOf(fd_types.REG, Number(vma.shmid))}` : '';
  return ` ${address(vma.start)} / ${pages}${file}`;
}

/** CRIU 4.2 counts in a field of its own, earlier ones in the first. */
function pagesOf({ nrPages, compatNrPages }: pagemap_entry): bigint {
  return nrPages > 0n ? nrPages : BigInt(compatNrPages);
}

/** Behind the last mapping nothing begins or ends. */
function startOf(vma: vma_entry | undefined): bigint {
  return vma?.start ?? 1n << 64n;
}
function endOf(vma: vma_entry | undefined): bigint {
  return vma?.end ?? 1n << 65n;
}

function contentOf(vma: vma_entry, nameOf: FileNames, numberOf: (shmid: bigint) => string): string {
  const { status, shmid, pgoff, flags } = vma;
  if (status & VmaStatus.SYSVIPC) return ` ips[${numberOf(shmid)}]`;
  if (status & VmaStatus.ANON_SHARED) return ` shmem[${numberOf(shmid)}]`;
  if (status & VmaStatus.SOCKET) return ` packet[${numberOf(shmid)}]`;
  if (status & BACKED) {
    const offset = pgoff === 0n ? '' : ` + 0x${pgoff.toString(16)}`;
    const shared = status & VmaStatus.FILE_SHARED ? ' (s)' : '';
    return ` ${nameOf(fd_types.REG, Number(shmid))}${offset}${shared}`;
  }
  if (status & VmaStatus.STACK) return ' [stack]';
  if (status & VmaStatus.VSYSCALL) return ' [vsyscall]';
  if (status & VmaStatus.VDSO) return ' [vdso]';
  return flags & GROWS_DOWN ? ' [stack?]' : '';
}

function protection(prot: number): string {
  return `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}`;
}

function address(value: bigint): string {
  return value.toString(16).padStart(8, '0');
}
