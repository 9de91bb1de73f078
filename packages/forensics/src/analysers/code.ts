/**
 * Code in memory against code in files. A dump holds of a file's code only pages that were written to: all others are the file’s
 * own by definition. So these few are held against the file, where it is at hand: in the checkpoint (changed, or deleted and held
 * open) or in the image that is given.
 */
import { createHash } from 'node:crypto';
import { openMappedFiles } from '@stillframe/checkpoint';
import type { ByteSource, Digest } from '@stillframe/core';
import { type AddressSpace, type MappedFiles, openAddressSpace, VmaStatus } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import type { Analyser, AnalysisContext } from './analyser.ts';
import { type CodeDifference, Comparison } from './code-comparison.ts';
import { absoluteJumps } from './hooks.ts';
import { hasTextRelocations } from './text-relocations.ts';

/** One executable private mapping of a file of which pages were written to, or whose file is nowhere. Paths are raw text. */
export interface CodeRow {
  readonly pid: number;
  readonly start: bigint;
  readonly end: bigint;
  /** PROT_* bits. */
  readonly prot: number;
  readonly path: string;
  readonly fileId: number;
  /**
   * `equal`, `patched`, `relocated` by the loader; `unknown`: the file is not at hand; `absent`: an image was given, and neither it
   * nor the checkpoint has the file.
   */
  readonly state: 'equal' | 'patched' | 'relocated' | 'unknown' | 'absent';
  /** Bytes of it that the dump holds. */
  readonly captured: number;
  /** Where the first of them lie, but for the page that CRIU itself writes to in every process. */
  readonly written: readonly { readonly address: bigint; readonly bytes: number }[];
  /** Where the file was found, and the digest of those of its bytes that were compared. */
  readonly comparedWith: { readonly from: string; readonly sha256: Digest } | undefined;
  /** The first ones. */
  readonly differences: readonly CodeDifference[];
  readonly differenceCount: number;
  readonly differingBytes: number;
  readonly longestDifference: number;
  /** Jumps from pages that were written to, to memory that is in no file: hooks, whether or not the file is at hand. */
  readonly hooks: readonly { readonly address: bigint; readonly target: bigint }[];
  /** Every difference is one byte, 0xcc. */
  readonly onlyBreakpoints: boolean;
  /** Whether the kernel has put breakpoints into the process (uprobes), which tracers of the host do. */
  readonly hasUprobes: boolean;
}

const EXECUTE = 4;
const CHUNK = 1 << 16;
/** Bytes of some pointers in a row. */
const POINTERS = 32;
/** Differences and stretches of one mapping that are kept, mappings in all, and bytes that are compared. */
const KEPT = 16;
const ROWS = 20_000;
const COMPARED = 256 << 20;

export const code: Analyser<readonly CodeRow[]> = {
  title: 'code in memory against its files',
  async read(context) {
    const { checkpoint, processes, diff, image, signal } = context;
    await using files = await openMappedFiles(checkpoint, { diff, image, signal });
    const work = new Work(context, files);
    for (const { pid } of processes) {
      signal?.throwIfAborted();
      const space = await openAddressSpace(checkpoint.images, pid, { signal });
      if (space) await work.addProcess(space);
      if (work.isFull) break;
    }
    work.tell();
    return work.rows;
  },
};

/** Where CRIU lays its system calls: the start of the first code. Source: CRIU get_exec_start. */
function placeOfDumper(space: AddressSpace): bigint | undefined {
  return space.vmas.find(({ prot, status }) => (prot & EXECUTE) !== 0 && (status & VmaStatus.VSYSCALL) === 0)?.start;
}

class Work {
  readonly rows: CodeRow[] = [];
  readonly #context: AnalysisContext;
  readonly #files: MappedFiles;
  readonly #there = new Map<number, boolean>();
  readonly #relocated = new Map<number, boolean>();
  #left = COMPARED;

  constructor(context: AnalysisContext, files: MappedFiles) {
    this.#context = context;
    this.#files = files;
  }

  get isFull(): boolean {
    return this.rows.length >= ROWS || this.#left <= 0;
  }

  tell(): void {
    if (!this.isFull) return;
    const message = `more than ${ROWS} mappings or ${COMPARED} bytes of code were written to; the rest is not compared`;
    this.#context.report([{ id: 'code-limited', severity: 'warning', source: 'code', message }]);
  }

  async addProcess(space: AddressSpace): Promise<void> {
    const dumper = placeOfDumper(space);
    const hasUprobes = space.vmas.some(({ status }) => (status & VmaStatus.UPROBES) !== 0);
    for (const vma of space.vmas) {
      if ((vma.prot & EXECUTE) === 0 || (vma.status & VmaStatus.FILE_PRIVATE) === 0 || this.isFull) continue;
      const stretches = await capturedOf(space, vma);
      const isAbsent = stretches.length === 0 && (await this.#isAbsent(vma));
      if (stretches.length > 0 || isAbsent)
        this.rows.push(await this.#rowOf(space, vma, stretches, { dumper, hasUprobes }));
    }
  }

  /** Whether an image is given and the file is nowhere. On other mounts than the root no image has anything. */
  async #isAbsent(vma: vma_entry): Promise<boolean> {
    const id = Number(vma.shmid);
    if (this.#context.image === undefined) return false;
    const target = this.#context.open.files.target(id);
    if (target.type !== 'file' || target.deleted || (target.mount && target.mount.mountpoint !== '/')) return false;
    const known = this.#there.get(id) ?? (await this.#files.open(id, this.#context)) !== undefined;
    this.#there.set(id, known);
    return !known;
  }

  async #rowOf(
    space: AddressSpace,
    vma: vma_entry,
    stretches: readonly Stretch[],
    { dumper, hasUprobes }: { dumper: bigint | undefined; hasUprobes: boolean },
  ): Promise<CodeRow> {
    const id = Number(vma.shmid);
    const { signal } = this.#context;
    const file = await this.#files.open(id, { signal });
    const { comparison, hooks, sha256 } = await this.#compare(space, vma, stretches, file?.source);
    const state = file
      ? await this.#stateOf(comparison, id, file.source)
      : stretches.length === 0
        ? 'absent'
        : 'unknown';
    return {
      ...{ pid: space.pid, start: vma.start, end: vma.end, prot: vma.prot, fileId: id, state, hasUprobes },
      path: this.#context.open.files.path(id) ?? '',
      captured: stretches.reduce((sum, { bytes }) => sum + bytes, 0),
      written: withoutDumper(stretches, dumper, space.pageSize).slice(0, KEPT),
      comparedWith: file && { from: file.from, sha256 },
      differences: comparison.differences,
      differenceCount: comparison.count,
      differingBytes: comparison.bytes,
      longestDifference: comparison.longest,
      hooks,
      onlyBreakpoints: comparison.count > 0 && comparison.onlyBreakpoints,
    };
  }

  /** Goes through what was captured; without a file only for jumps. */
  async #compare(space: AddressSpace, vma: vma_entry, stretches: readonly Stretch[], file: ByteSource | undefined) {
    const { signal } = this.#context;
    const comparison = new Comparison(KEPT);
    const hooks: { address: bigint; target: bigint }[] = [];
    const hash = createHash('sha256');
    const [memory, own] = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)];
    for (const { address, bytes } of stretches) {
      for (let done = 0; done < bytes && this.#left > 0; done += CHUNK) {
        const length = Math.min(CHUNK, bytes - done);
        const at = address + BigInt(done);
        const offset = vma.pgoff + (at - vma.start);
        const [seen, expected] = [memory.subarray(0, length), own.subarray(0, length).fill(0)];
        const [range, ...more] = await space.read(at, seen, { signal });
        this.#left -= length;
        // Damaged, or of a chain of dumps that was lost.
        if (range?.state !== 'captured' || more.length > 0) continue;
        for (const jump of absoluteJumps(seen)) {
          if (hooks.length < KEPT && leadsOutOfFiles(space, jump.target))
            hooks.push({ address: at + BigInt(jump.offset), target: jump.target });
        }
        if (file === undefined) continue;
        if (offset < BigInt(file.size)) await file.readInto(Number(offset), expected, { signal });
        hash.update(expected);
        comparison.add(at, seen, expected);
      }
    }
    return { comparison, hooks, sha256: `sha256:${hash.digest('hex')}` as const };
  }

  async #stateOf(comparison: Comparison, id: number, file: ByteSource): Promise<CodeRow['state']> {
    if (comparison.count === 0) return 'equal';
    const relocates = this.#relocated.get(id) ?? (await hasTextRelocations(file, this.#context));
    this.#relocated.set(id, relocates);
    // The loader writes pointers, which are too many to be kept: the longest says what they are.
    return relocates && comparison.longest <= POINTERS ? 'relocated' : 'patched';
  }
}

/** Whether an address is executable memory that no file is behind. */
function leadsOutOfFiles(space: AddressSpace, target: bigint): boolean {
  const { FILE_PRIVATE, FILE_SHARED, VDSO, VSYSCALL } = VmaStatus;
  const vma = space.vmaAt(target);
  return (
    vma !== undefined &&
    (vma.prot & EXECUTE) !== 0 &&
    (vma.status & (FILE_PRIVATE | FILE_SHARED | VDSO | VSYSCALL)) === 0
  );
}

interface Stretch {
  readonly address: bigint;
  readonly bytes: number;
}

async function capturedOf(space: AddressSpace, vma: vma_entry): Promise<readonly Stretch[]> {
  const found: Stretch[] = [];
  for await (const { vaddr, bytes, state } of space.survey(vma.start, vma.end)) {
    if (state === 'captured') found.push({ address: vaddr, bytes });
  }
  return found;
}

function withoutDumper(stretches: readonly Stretch[], dumper: bigint | undefined, page: number): readonly Stretch[] {
  return stretches.flatMap(({ address, bytes }) => {
    if (address !== dumper) return [{ address, bytes }];
    return bytes > page ? [{ address: address + BigInt(page), bytes: bytes - page }] : [];
  });
}
