/** Reads a tar index by ranged reads: many small entries share one read, big bodies are jumped over. */
import { type ByteSource, nearbySource, type ReadOptions, sliceSource } from '@stillframe/core';
import { checkpointError } from '../errors.ts';
import type { ArchiveEntry } from './tar-entry.ts';
import { BLOCK } from './tar-header.ts';
import { type IndexerOptions, type TarIndex, TarIndexer } from './tar-index.ts';

/** First read after a jump: a header and what small entries follow it. */
const SMALLEST = 8 << 10;
/** Reads grow to this while entries follow one another closely. */
const LARGEST = 64 << 10;

/** An index with access to the bodies. */
export interface TarReader extends TarIndex {
  /** The body of a regular file as a window of the archive. Throws ERR_ARCHIVE_ENTRY_MISSING or ERR_ARCHIVE_ENTRY_REFUSED. */
  open(name: string): ByteSource;
}

/**
 * Indexes a tar archive, up to its end mark; trailing bytes are left alone. Damage never throws: the index then holds
 * what came before, and `fault` and the diagnostics say so.
 * Throws ERR_ARCHIVE_LIMIT_EXCEEDED where the archive claims more entries than `limits.archiveEntries`.
 */
export async function readTarIndex(
  source: ByteSource,
  options: ReadOptions & Omit<IndexerOptions, 'size'> = {},
): Promise<TarReader> {
  const indexer = new TarIndexer({ ...options, size: source.size });
  const window = new Window(source, options.signal);
  let offset = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const step = indexer.accept(await window.read(offset, BLOCK), offset);
    if (step.kind === 'end') break;
    offset = step.offset;
    if (step.kind !== 'extension') continue;
    const after = indexer.acceptExtension(await window.read(offset, step.size), offset);
    if (after.kind === 'end') break;
    offset = after.offset;
  }
  const index = indexer.result();
  // The images of a process are small and stand beside those of the next.
  const near = nearbySource(source);
  return { ...index, open: (name) => sliceEntry(near, requireFile(index.entries, name)) };
}

/** The entry of this name if it may be opened. Throws ERR_ARCHIVE_ENTRY_MISSING or ERR_ARCHIVE_ENTRY_REFUSED. */
export function requireFile(entries: ReadonlyMap<string, ArchiveEntry>, name: string): ArchiveEntry {
  const entry = entries.get(name);
  const details = { entry: name };
  if (!entry)
    throw checkpointError('ERR_ARCHIVE_ENTRY_MISSING', `the archive has no entry ${JSON.stringify(name)}`, { details });
  if (entry.kind !== 'file') {
    throw checkpointError('ERR_ARCHIVE_ENTRY_REFUSED', `entry ${JSON.stringify(name)} is a ${entry.kind}`, { details });
  }
  return entry;
}

function sliceEntry(source: ByteSource, entry: ArchiveEntry): ByteSource {
  return sliceSource(source, entry.offset, entry.size);
}

/** The last bytes read, so that neighbouring headers cost no further read. */
class Window {
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  #bytes: Uint8Array = new Uint8Array();
  #start = 0;
  #reach = SMALLEST;

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  /** `size` bytes at `offset`, fewer only where the source ends. The result is valid until the next call. */
  async read(offset: number, size: number): Promise<Uint8Array> {
    const end = this.#start + this.#bytes.length;
    if (offset < this.#start || offset + size > end) {
      const near = offset >= this.#start && offset <= end + this.#reach;
      this.#reach = near ? Math.min(LARGEST, this.#reach * 2) : SMALLEST;
      const wanted = Math.min(Math.max(size, this.#reach), Math.max(0, this.#source.size - offset));
      const bytes = new Uint8Array(wanted);
      const read = wanted === 0 ? 0 : await this.#source.readInto(offset, bytes, { signal: this.#signal });
      this.#bytes = bytes.subarray(0, read);
      this.#start = offset;
    }
    const at = offset - this.#start;
    return this.#bytes.subarray(at, at + size);
  }
}
