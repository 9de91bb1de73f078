/**
 * Where a page that is not stored comes back as zeroes, so that a stored page of zeroes need not be: private anonymous
 * memory and shared segments, which CRIU makes anew before it fills them (checkpoint-spec 7.5). Elsewhere a hole shows the
 * mapped file or the kernel's own page. What is doubtful does not count.
 */
import { type ImageSet, Segments, type SignalOptions, VmaStatus } from '@stillframe/criu-image';
import type { mm_entry, vma_entry } from '@stillframe/criu-image/proto';

/** Addresses from `start` up to, not including, `end`. */
export interface AddressRange {
  start: bigint;
  end: bigint;
}

/**
 * Flags of mmap(2) that say nothing against it, as x86-64, arm64, riscv and s390 number them: SHARED, PRIVATE, ANONYMOUS,
 * NORESERVE. Locked, growing and huge mappings have others, and so have other machines, whose memory is then left alone.
 */
const PLAIN_FLAGS = 0x1 | 0x2 | 0x20 | 0x4000;
const { REGULAR, HEAP, ANON_PRIVATE } = VmaStatus;

/** The private memory of a process in which a hole is zeroes, ascending and disjoint. */
export function zeroRanges({ vmas }: Pick<mm_entry, 'vmas'>): AddressRange[] {
  // Guard pages stand as VMAs of their own within others: where any says no, it is no.
  const edges = vmas
    .filter(({ start, end }) => start < end)
    .flatMap((vma) => {
      const plain = isPlain(vma) && vma.status & ANON_PRIVATE && !(vma.status & ~(REGULAR | HEAP | ANON_PRIVATE));
      const step = plain ? { yes: 1, no: 0 } : { yes: 0, no: 1 };
      return [
        { at: vma.start, ...step },
        { at: vma.end, yes: -step.yes, no: -step.no },
      ];
    })
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const ranges: AddressRange[] = [];
  let [yes, no] = [0, 0];
  for (const [index, edge] of edges.entries()) {
    yes += edge.yes;
    no += edge.no;
    const end = edges[index + 1]?.at;
    if (yes === 0 || no > 0 || end === undefined || end === edge.at) continue;
    const last = ranges.at(-1);
    if (last?.end === edge.at) last.end = end;
    else ranges.push({ start: edge.at, end });
  }
  return ranges;
}

function isPlain({ flags }: vma_entry): boolean {
  return (flags & ~PLAIN_FLAGS) === 0;
}

/**
 * Shared segments whose holes must be left as they are, by the id of their pagemap, with the reason: one that somebody
 * maps locked, or with huge pages. `every` is a reason that holds for all of them.
 */
export interface HeldSegments {
  every: string | undefined;
  some: ReadonlyMap<bigint, string>;
}

/** Looks at every mapping of every process. */
export async function heldSegments(set: ImageSet, options: SignalOptions = {}): Promise<HeldSegments> {
  const some = new Map<bigint, string>();
  const segments = new Segments(set, options);
  let every: string | undefined;
  for (const pid of set.ids('pagemap')) {
    const mm = await set.single('mm', pid, options);
    if (!mm) every = `mm-${pid}.img, which could say that it is locked, cannot be read`;
    for (const vma of mm?.vmas ?? []) {
      if (!Segments.shows(vma) || isPlain(vma)) continue;
      const id = await segments.idOf(vma);
      if (id !== undefined) some.set(id, 'a process maps it locked, or with flags that are not known to be harmless');
      else every = 'a mapping with such flags cannot be told from those of other segments';
    }
  }
  for await (const { shmid, hugetlbFlag } of set.entries('memfd', undefined, options)) {
    if (hugetlbFlag) some.set(BigInt(shmid), 'it has huge pages');
  }
  return { every, some };
}
