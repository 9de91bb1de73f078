/**
 * The memory of a process as segments of a core file: those whose content is known, and those whose content is not. Only
 * the former may become PT_LOAD. A debugger reads the part of one that is not in the file as zeroes, as the ELF
 * specification wants it, and would show code that was not captured as zeroes too.
 */
import type { AbsentReason, AddressRange, AddressSpace } from '@stillframe/criu-image';
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
const MOST_RANGES = 1 << 20;

/**
 * Throws ERR_CORE_TOO_LARGE for more segments than a process has, or for more captured bytes than `mostCaptured`: a few
 * forged VMAs that all show the same segment of shared memory would fill any disk.
 */
export async function planMemory(
  space: AddressSpace,
  mostCaptured: bigint,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<MemoryPlan> {
  const facts: MemoryFacts = { captured: 0n, zero: 0n, absent: {} };
  const segments: Segment[] = [];
  let overlapping = 0;
  let ranges = 0;
  let before = 0n;
  for (const vma of mappings(space)) {
    const start = vma.start < before ? before : vma.start;
    if (start !== vma.start) overlapping += 1;
    if (start >= vma.end) continue;
    before = vma.end;
    const builder = new SegmentBuilder(flagsOf(vma.prot), segments);
    for await (const range of space.ranges(start, vma.end, options)) {
      count(facts, range);
      builder.add(range);
      ranges += 1;
      if (ranges > MOST_RANGES || segments.length > MOST_SEGMENTS) {
        throw checkpointError(
          'ERR_CORE_TOO_LARGE',
          `process ${space.pid} has more pieces of memory than a core can hold`,
        );
      }
      if (facts.captured > mostCaptured) {
        throw checkpointError(
          'ERR_CORE_TOO_LARGE',
          `process ${space.pid} maps more captured memory than the checkpoint has`,
        );
      }
    }
    builder.end();
  }
  return { segments, facts, overlapping };
}

/** The VMAs; where the mm image is lost, what the pagemap speaks of, of which nobody knows the protection. */
function* mappings(space: AddressSpace): Iterable<Pick<vma_entry, 'start' | 'end' | 'prot'>> {
  if (space.mm !== undefined) yield* space.vmas;
  else for (const { vaddr, bytes } of space.runs()) yield { start: vaddr, end: vaddr + BigInt(bytes), prot: 3 };
}

function count(facts: MemoryFacts, range: AddressRange): void {
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

  add(range: AddressRange): void {
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
