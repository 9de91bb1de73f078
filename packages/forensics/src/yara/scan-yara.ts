/**
 * YARA rules over a checkpoint: over memory, each mapping as if it were a file, and over the files that are in the checkpoint.
 * A mapping or file of more than 64 MiB, or what is asked for, is looked at in windows that overlap by 1 MiB, or a sixteenth of it.
 */
import { type Checkpoint, type Content, type ExtractKind, openExtractContext } from '@stillframe/checkpoint';
import { type AddressSpace, type MemoryRange, openAddressSpace } from '@stillframe/criu-image';
import type { Tables } from '../analysers/index.ts';
import { type ContentPlace, contentsOf } from '../contents.ts';
import type { EvidenceReference } from '../reference.ts';
import type { YaraMatch, YaraRules } from './engine.ts';

/** A match with where it is. */
export interface PlacedMatch extends YaraMatch {
  readonly place:
    | { readonly kind: 'memory'; readonly pid: number; readonly name: string | undefined }
    | { readonly kind: 'file'; readonly file: ContentPlace };
  /** Where each of `strings` stands; of the whole place where there are none. */
  readonly references: readonly [EvidenceReference, ...EvidenceReference[]];
}

/** Options of scanYara. */
export interface ScanYaraOptions {
  /** Which mappings there are, and whose. */
  readonly tables: Pick<Tables, 'processes' | 'mappings'>;
  /** Whether memory is looked at. */
  readonly memory: boolean;
  /** Whether files are; they are by default. */
  readonly files?: boolean | undefined;
  readonly signal: AbortSignal | undefined;
  /** Bytes of memory that are looked at in one go; 64 MiB by default. */
  readonly window?: number | undefined;
  /** Told of captured bytes of memory that were looked at, of all that are, after each window. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called for each mapping or file that is looked at in more than one window. */
  readonly windowed?: (() => void) | undefined;
}

/** Bytes that are looked at in one go, and by how many two such overlap. */
const WINDOW = 64 << 20;
const OVERLAP = 1 << 20;
const KINDS: readonly ExtractKind[] = ['ghost', 'memfd', 'shm', 'rootfs', 'tmpfs'];

/** In the order of the dump: memory by process and address, then files. A rule is told once a window that it matches. */
export async function* scanYara(
  checkpoint: Checkpoint,
  rules: YaraRules,
  options: ScanYaraOptions,
): AsyncGenerator<PlacedMatch, void, undefined> {
  if (options.memory) yield* inMemory(checkpoint, rules, options);
  if (options.files !== false) yield* inFiles(checkpoint, rules, options);
}

async function* inMemory(
  { images }: Checkpoint,
  rules: YaraRules,
  { tables, signal, window = WINDOW, onProgress, windowed }: ScanYaraOptions,
): AsyncGenerator<PlacedMatch> {
  const names = new Map(tables.processes.map((row) => [row.pid, row.name]));
  const captured = tables.mappings.filter((row) => row.captured > 0n);
  const total = captured.reduce((sum, row) => sum + Number(row.captured), 0);
  let done = 0;
  // One for all of them: of each a new one would be garbage of some gigabytes.
  let room = Buffer.alloc(0);
  for (const [pid, mappings] of Map.groupBy(captured, (row) => row.pid)) {
    const space = await openAddressSpace(images, pid, { signal });
    if (!space) continue;
    const place = { kind: 'memory', pid, name: names.get(pid) } as const;
    for (const { start, end } of mappings) {
      let windows = 0;
      for await (const { at, bytes: size } of windowsOf(space, start, end, window)) {
        windows += 1;
        if (windows === 2) windowed?.();
        if (room.length < size) room = Buffer.alloc(size);
        const bytes = room.subarray(0, size).fill(0);
        const ranges = await space.read(at, bytes, { signal });
        const held = ranges.filter(({ state }) => state === 'captured');
        if (held.length === 0) continue;
        for (const match of await rules.scan(bytes)) {
          const strings = match.strings.filter(({ offset, bytes: length }) => isThere(ranges, at, offset, length));
          if (match.strings.length > 0 && strings.length === 0) continue;
          const whole = { kind: 'mapping', pid, start, end } as const;
          const places = strings.map(({ offset, bytes: length }) => ({
            ...({ kind: 'memory', pid } as const),
            ...{ address: at + BigInt(offset), bytes: length },
          }));
          const [first = whole, ...others] = places;
          yield { ...match, strings, place, references: [first, ...others] };
        }
        done += held.reduce((sum, range) => sum + range.bytes, 0);
        // What two windows have in common is counted twice.
        onProgress?.(Math.min(done, total), total);
      }
    }
  }
}

interface Window {
  readonly at: bigint;
  readonly bytes: number;
}

/**
 * A mapping that fits is one window. Of a larger one, which may be a reservation of terabytes, only what was captured is in
 * windows, with the gaps that are no longer than the overlap: so work is bounded by what the pages images hold.
 */
async function* windowsOf(space: AddressSpace, start: bigint, end: bigint, window: number): AsyncGenerator<Window> {
  if (end - start <= BigInt(window)) {
    yield { at: start, bytes: Number(end - start) };
    return;
  }
  const overlap = overlapOf(window);
  let [from, to] = [start, start];
  for await (const range of space.survey(start, end)) {
    if (range.state !== 'captured') continue;
    const reach = range.vaddr + BigInt(range.bytes);
    if (range.vaddr - to > BigInt(overlap) || to === from) {
      if (to > from) yield* cut(from, to, window);
      from = range.vaddr;
    }
    to = reach;
  }
  if (to > from) yield* cut(from, to, window);
}

function overlapOf(window: number): number {
  return Math.min(OVERLAP, window >> 4);
}

function* cut(from: bigint, to: bigint, window: number): Generator<Window> {
  for (let at = from; ; at += BigInt(window - overlapOf(window))) {
    const bytes = to - at < BigInt(window) ? Number(to - at) : window;
    yield { at, bytes };
    if (at + BigInt(bytes) >= to) return;
  }
}

/** Whether every byte of a match was in the checkpoint, or is known to be zero. */
function isThere(ranges: readonly MemoryRange[], at: bigint, offset: number, length: number): boolean {
  const [from, to] = [at + BigInt(offset), at + BigInt(offset + length)];
  return !ranges.some(
    (range) => range.state === 'absent' && range.vaddr < to && range.vaddr + BigInt(range.bytes) > from,
  );
}

async function* inFiles(
  checkpoint: Checkpoint,
  rules: YaraRules,
  { signal, windowed }: ScanYaraOptions,
): AsyncGenerator<PlacedMatch> {
  const context = await openExtractContext(checkpoint, { signal });
  for await (const { content, place } of contentsOf(context, KINDS)) {
    if (content.size > BigInt(Number.MAX_SAFE_INTEGER)) continue;
    if (content.size > BigInt(WINDOW)) windowed?.();
    for await (const { at, bytes } of windowsIn(content, signal)) {
      for (const match of await rules.scan(bytes)) {
        const places = match.strings.map(({ offset, bytes: length }) => place.reference(at + offset, length));
        const [first = place.reference(0, 0), ...others] = places;
        yield { ...match, place: { kind: 'file', file: place }, references: [first, ...others] };
      }
    }
  }
}

/** Bytes that follow one another, in windows; holes end one. */
async function* windowsIn(
  content: Content,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ at: number; bytes: Buffer }> {
  let at = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content.pieces({ signal })) {
    if (piece.state !== 'data') continue;
    if (length > 0 && piece.offset !== at + length) {
      yield { at, bytes: Buffer.concat(parts) };
      [parts, length] = [[], 0];
    }
    if (length === 0) at = piece.offset;
    parts.push(Uint8Array.from(piece.bytes));
    length += piece.bytes.length;
    if (length < WINDOW) continue;
    const bytes = Buffer.concat(parts);
    yield { at, bytes };
    const kept = bytes.subarray(bytes.length - OVERLAP);
    at += bytes.length - kept.length;
    [parts, length] = [[kept], kept.length];
  }
  if (length > 0) yield { at, bytes: Buffer.concat(parts) };
}
