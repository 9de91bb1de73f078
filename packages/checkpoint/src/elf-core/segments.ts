/**
 * The memory of a process as segments of a core file: those whose content is known, and those whose content is not. Only
 * the former may become PT_LOAD. A debugger reads the part of one that is not in the file as zeroes, as the ELF
 * specification wants it, and would show code that was not captured as zeroes too.
 */
import { type AbsentReason, type AddressSpace, type MemoryRange, VmaStatus } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import { checkpointError } from '../errors.ts';

export interface Segment {
  /** Whether it is known what is there. */
  known: boolean;
  vaddr: bigint;
  /** Bytes of address space. */
  bytes: bigint;
  /** Bytes from `vaddr` on that have a place in the file: captured ones, and zeroes among them that are holes there. All
   * others are zero, or not known. */
  fileBytes: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  flags: number;
}

/** How many bytes of address space are of which kind. */
export interface MemoryFacts {
  captured: bigint;
  zero: bigint;
  absent: Partial<Record<AbsentReason, bigint>>;
}

export interface MemoryPlan {
  segments: readonly Segment[];
  facts: MemoryFacts;
  /** VMAs that begin inside another one, as no kernel makes them; they are cut. */
  overlapping: number;
}

/** Zeroes of this length take no place in the file: whole reservations of a runtime are never touched. */
const LONG_ZEROES = 1n << 20n;
/** Four times the VMAs that a kernel allows by default, and the changes of kind within them. */
const MOST_SEGMENTS = 1 << 18;
const MOST_STRETCHES = 1 << 20;
/** VMAs whose pages several of them may show. */
const SHARED = VmaStatus.ANON_SHARED | VmaStatus.SYSVIPC | VmaStatus.MEMFD;

/** Bytes of address space of one kind. */
type Stretch = Kind & { start: bigint; end: bigint };
type Kind = { state: 'captured' | 'zero' } | { state: 'absent'; reason: AbsentReason };

/**
 * Throws ERR_CORE_TOO_LARGE for more segments than a process has, or for more captured bytes in shared memory than
 * `mostShared`: a few forged VMAs that all show one segment of shared memory would fill any disk.
 */
export async function planMemory(
  space: AddressSpace,
  mostShared: bigint,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<MemoryPlan> {
  const facts: MemoryFacts = { captured: 0n, zero: 0n, absent: {} };
  const segments: Segment[] = [];
  let [overlapping, stretches, shared, before] = [0, 0, 0n, 0n];
  for (const vma of mappings(space)) {
    options.signal?.throwIfAborted();
    const start = vma.start < before ? before : vma.start;
    if (start !== vma.start) overlapping += 1;
    if (start >= vma.end) continue;
    before = vma.end;
    const builder = new SegmentBuilder(flagsOf(vma.prot), segments);
    const isShared = (vma.status & SHARED) !== 0;
    for await (const stretch of stretchesOf(space, start, vma.end)) {
      count(facts, stretch);
      builder.add(stretch);
      stretches += 1;
      if (isShared && stretch.state === 'captured') shared += stretch.end - stretch.start;
      if (stretches > MOST_STRETCHES || segments.length > MOST_SEGMENTS) throw tooLarge(space.pid, 'pieces of memory');
      if (shared > mostShared) throw tooLarge(space.pid, 'shared memory');
    }
    builder.end();
  }
  return { segments, facts, overlapping };
}

function tooLarge(pid: number, what: string) {
  return checkpointError('ERR_CORE_TOO_LARGE', `process ${pid} has more ${what} than any core should hold`);
}

/** A survey with exact ends: of what is longer than 2^53 bytes it rounds the length. */
async function* stretchesOf(space: AddressSpace, start: bigint, end: bigint): AsyncGenerator<Stretch> {
  let at = start;
  for await (const range of space.survey(start, end)) {
    const next = range.vaddr + BigInt(range.bytes);
    const to = next < end ? next : end;
    yield { ...kindOf(range), start: at, end: to };
    at = to;
  }
}

function kindOf(range: MemoryRange): Kind {
  if (range.state === 'absent') return { state: 'absent', reason: range.reason };
  return { state: range.state === 'captured' ? 'captured' : 'zero' };
}

/** The VMAs; where the mm image is lost, what the pagemap speaks of, of which nobody knows the protection. */
function* mappings(space: AddressSpace): Iterable<Pick<vma_entry, 'start' | 'end' | 'prot' | 'status'>> {
  if (space.mm !== undefined) yield* space.vmas;
  else
    for (const { vaddr, bytes } of space.capturedRuns())
      yield { start: vaddr, end: vaddr + BigInt(bytes), prot: 3, status: 0 };
}

function count(facts: MemoryFacts, range: Stretch): void {
  const bytes = range.end - range.start;
  if (range.state === 'absent') facts.absent[range.reason] = (facts.absent[range.reason] ?? 0n) + bytes;
  else facts[range.state] += bytes;
}

/** PROT_READ 1, WRITE 2, EXEC 4 are PF_R 4, PF_W 2, PF_X 1. */
function flagsOf(prot: number): number {
  return (prot & 2) | ((prot & 1) << 2) | ((prot & 4) >> 2);
}

/** Joins neighbouring ranges of one VMA into segments. */
class SegmentBuilder {
  readonly #flags: number;
  readonly #segments: Segment[];
  #from = 0n;
  #to = 0n;
  /** End of the last captured range; where there is none, the beginning. */
  #captured = 0n;
  #absent = false;

  constructor(flags: number, segments: Segment[]) {
    this.#flags = flags;
    this.#segments = segments;
  }

  add(range: Stretch): void {
    const absent = range.state === 'absent';
    const farZeroes = range.state === 'captured' && this.#to - this.#captured >= LONG_ZEROES;
    if (absent !== this.#absent || farZeroes) this.end();
    if (this.#to === this.#from) {
      this.#from = range.start;
      this.#captured = range.start;
      this.#absent = absent;
    }
    this.#to = range.end;
    if (range.state === 'captured') this.#captured = range.end;
  }

  end(): void {
    if (this.#to === this.#from) return;
    // Zeroes at the end that are few are said to be known as well.
    const known = !this.#absent && this.#to - this.#captured < LONG_ZEROES ? this.#to : this.#captured;
    const vaddr = this.#from;
    const fileBytes = Number(known - vaddr);
    this.#segments.push({ known: !this.#absent, vaddr, bytes: this.#to - vaddr, fileBytes, flags: this.#flags });
    this.#from = this.#to;
    this.#captured = this.#to;
  }
}
