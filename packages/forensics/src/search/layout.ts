/** What there is to be searched in a checkpoint: processes with their stretches, segments, and who maps them. */
import {
  backingOf,
  type Checkpoint,
  type FileTable,
  type MatchVma,
  type Process,
  readFileTable,
  readProcesses,
} from '@stillframe/checkpoint';
import { countUpTo } from '@stillframe/core/sorted';
import {
  type AddressSpace,
  type ImageSet,
  openAddressSpace,
  openPageChain,
  Segments,
  VmaStatus,
} from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import type { AddressRange, ScanOptions } from './match.ts';
import { apart, choosesPlaces, isChosen, rangesOf, vmaTest } from './memory-filter.ts';
import { type PlacedBytes, runsOf, slice, stretchesOf, together, within } from './runs.ts';
import type { Stretch } from './stretch.ts';

/** A process that is searched; undefined in `process` stands for segments that nobody maps. */
export interface Owner {
  readonly pid: number | undefined;
  readonly comm: string | undefined;
  /** The VMA at an address, described once however often it is asked for. */
  vmaAt(vaddr: bigint): MatchVma | undefined;
}

interface Searched extends Owner {
  readonly space: AddressSpace;
}

interface Segment {
  readonly id: bigint;
  readonly runs: readonly PlacedBytes[];
  /** Which parts are mapped, by whom does not matter; a range a mapping. */
  readonly mapped: AddressRange[];
  /** Where several processes map it: its stretches, by ascending place. */
  stretches: readonly Stretch[] | undefined;
}

/** All that is searched. Only one process is laid out at a time: a pagemap may have a million runs. */
export class MemoryLayout {
  readonly #searched: readonly Searched[];
  readonly #segments: ReadonlyMap<bigint, Segment>;
  readonly #files: FileTable;
  readonly #options: Pick<ScanOptions, 'filter' | 'changed'>;

  constructor(
    searched: readonly Searched[],
    segments: ReadonlyMap<bigint, Segment>,
    files: FileTable,
    options: Pick<ScanOptions, 'filter' | 'changed'>,
  ) {
    this.#searched = searched;
    this.#segments = segments;
    this.#files = files;
    this.#options = options;
  }

  /** Bytes that are read; what several processes map counts once. */
  get bytes(): number {
    let sum = 0;
    const add = (stretch: Stretch) => {
      for (const { from, to, twin } of stretch.parts) if (twin === undefined) sum += to - from;
    };
    for (const { stretches } of this.#segments.values()) stretches?.forEach(add);
    for (const { stretch } of this.stretches()) add(stretch);
    return sum;
  }

  /** Whether some segment is searched once for several processes. */
  get shares(): boolean {
    return [...this.#segments.values()].some(({ stretches }) => stretches !== undefined);
  }

  /** In the order of results: process by process, ascending, at last what nobody maps. */
  *stretches(): Generator<{ owner: Owner; stretch: Stretch }> {
    for (const owner of this.#searched) for (const stretch of this.#stretchesOf(owner)) yield { owner, stretch };
    if (isChosen(this.#options)) return;
    for (const segment of this.#segments.values()) {
      const runs = within(segment.runs, complement(apart(segment.mapped)));
      for (const stretch of stretchesOf(runs)) yield { owner: NOBODY, stretch };
    }
  }

  *#stretchesOf({ space }: Searched): Generator<Stretch> {
    const ranges = rangesOf(space, this.#files, this.#options);
    const all = together(runsOf(space.chain, `pagemap-${space.pid}`), this.#sharedRuns(space));
    yield* stretchesOf(ranges ? within(all, ranges) : all, (id, at) => this.#twinOf(id, at));
  }

  *#sharedRuns({ vmas }: AddressSpace): Generator<PlacedBytes> {
    for (const vma of vmas) {
      const id = segmentOf(vma, this.#files);
      const segment = id === undefined ? undefined : this.#segments.get(id);
      if (segment === undefined) continue;
      for (const run of slice(segment.runs, placesOf(vma))) {
        const shared = segment.stretches && { id: segment.id, at: run.vaddr };
        yield { ...run, vaddr: run.vaddr - vma.pgoff + vma.start, shared };
      }
    }
  }

  #twinOf(id: bigint, place: bigint): { stretch: Stretch; at: number } | undefined {
    const stretches = this.#segments.get(id)?.stretches ?? [];
    const stretch = stretches[countUpTo(stretches, ({ start }) => start <= place) - 1];
    return stretch && { stretch, at: Number(place - stretch.start) };
  }
}

const NOBODY: Owner = { pid: undefined, comm: undefined, vmaAt: () => undefined };

/** Opens the address spaces that are searched, and the segments that they map. Damage goes to the diagnostics of the set. */
export async function openLayout({ images }: Pick<Checkpoint, 'images'>, options: ScanOptions): Promise<MemoryLayout> {
  const { filter, signal } = options;
  const files = await readFileTable(images, { signal });
  const searched: Searched[] = [];
  for (const process of await readProcesses(images, { signal })) {
    if (filter?.pids?.includes(process.pid) === false) continue;
    const space = await openAddressSpace(images, process.pid, { signal });
    if (space !== undefined) searched.push(searchedOf(process, space, files));
  }
  const segments = await openSegments(images, signal);
  for (const { space } of searched) {
    const test = vmaTest(space, files, filter ?? {});
    for (const vma of space.vmas) {
      const id = test?.(vma) === false ? undefined : segmentOf(vma, files);
      if (id !== undefined) segments.get(id)?.mapped.push(placesOf(vma));
    }
  }
  for (const segment of segments.values()) {
    // Where only some places are looked at, each process looks at its own.
    if (segment.mapped.length < 2 || choosesPlaces(options)) continue;
    segment.stretches = [...stretchesOf(within(segment.runs, apart(segment.mapped)))];
  }
  return new MemoryLayout(searched, segments, files, options);
}

async function openSegments(images: ImageSet, signal: AbortSignal | undefined): Promise<Map<bigint, Segment>> {
  const segments = new Map<bigint, Segment>();
  for (const each of images.ids('pagemap-shmem')) {
    const id = BigInt(each);
    const chain = await openPageChain(images, 'pagemap-shmem', id, { signal });
    const runs = chain === undefined ? [] : [...runsOf(chain, `pagemap-shmem-${id}`)];
    segments.set(id, { id, runs, mapped: [], stretches: undefined });
  }
  return segments;
}

function searchedOf({ pid, comm }: Process, space: AddressSpace, files: FileTable): Searched {
  const described = new Map<vma_entry, MatchVma>();
  return {
    ...{ pid, comm, space },
    vmaAt(vaddr) {
      const vma = space.vmaAt(vaddr);
      if (vma === undefined) return undefined;
      const known = described.get(vma);
      if (known !== undefined) return known;
      const { start, end, prot } = vma;
      const description = { start, end, prot, backing: backingOf(vma, files, space) };
      described.set(vma, description);
      return description;
    },
  };
}

/** The id of the segment a VMA shows: its own for anonymous shared memory, that of the inode for a memfd. */
function segmentOf(vma: vma_entry, files: FileTable): bigint | undefined {
  if (!Segments.shows(vma)) return undefined;
  if ((vma.status & VmaStatus.MEMFD) === 0) return vma.shmid;
  const id = files.memfdSegment(Number(vma.shmid));
  return id === undefined ? undefined : BigInt(id);
}

/** Which places of its segment a VMA shows. */
function placesOf({ start, end, pgoff }: vma_entry): AddressRange {
  return { start: pgoff, end: pgoff + (end - start) };
}

/** What lies between ranges that are ascending and apart. */
function complement(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const between: AddressRange[] = [];
  let at = 0n;
  for (const { start, end } of ranges) {
    if (start > at) between.push({ start: at, end: start });
    at = end;
  }
  return [...between, { start: at, end: 1n << 64n }];
}
