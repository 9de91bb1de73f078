/** Opens a checkpoint archive wherever it lies: a tar file, plain or compressed, any ByteSource, or a folder. */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import {
  type ByteSource,
  type Diagnostic,
  isCode,
  type ReadOptions,
  type StillframeError,
  systemCode,
  UndoStack,
} from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { checkpointError } from '../errors.ts';
import { type ReadableCompression, sniffCompression } from './compression.ts';
import { type DecompressOptions, decompress } from './decompress.ts';
import { listFolder, marksImages } from './folder.ts';
import { readTarIndex } from './reader.ts';
import type { ArchiveEntry } from './tar-entry.ts';
import { BLOCK, decodeTarHeader } from './tar-header.ts';
import { readSeekTable, seekableSource } from './zstd-seekable.ts';

/** An opened archive. Everything read from it is untrusted. Disposing closes files and removes what was decompressed. */
export interface Archive extends AsyncDisposable {
  /** Path or label, for messages. */
  readonly label: string;
  readonly compression: ReadableCompression;
  /**
   * How its bytes are reached: where they lie, frame by frame of a seekable zstd file, or from a decompressed copy that
   * goes away with it.
   */
  readonly access: 'direct' | 'frames' | 'cache';
  /** The archive's own bytes as they were given, compressed where they are; undefined for a folder. */
  readonly bytes: ByteSource | undefined;
  /** The uncompressed tar; the same as `bytes` where nothing was compressed, undefined for a folder. */
  readonly tar: ByteSource | undefined;
  /** By normalised name. */
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  readonly diagnostics: readonly Diagnostic[];
  /** Whether the archive ends as it should; false only where it was opened as partial. */
  readonly whole: boolean;
  has(name: string): boolean;
  /** The bytes of a regular file. Throws ERR_ARCHIVE_ENTRY_MISSING or ERR_ARCHIVE_ENTRY_REFUSED. */
  open(name: string): ByteSource;
}

/** Options of openArchive. */
export interface OpenArchiveOptions extends ReadOptions, DecompressOptions {
  /** Name for messages where a ByteSource is given. */
  label?: string | undefined;
  /** Whether a truncated or damaged archive is opened as far as it can be read; otherwise it is refused. */
  partial?: boolean | undefined;
  /** `filesystem` for a tree such as rootfs-diff.tar, in which links and devices are nothing to remark on. */
  role?: 'archive' | 'filesystem' | undefined;
}

/**
 * Opens an archive. Throws, each with a hint: ERR_FILE_UNREADABLE, ERR_ARCHIVE_EMPTY, ERR_ARCHIVE_TRUNCATED,
 * ERR_ARCHIVE_DAMAGED, ERR_ARCHIVE_UNRECOGNISED, ERR_ARCHIVE_COMPRESSION_UNSUPPORTED, ERR_ARCHIVE_TOO_LARGE,
 * ERR_ARCHIVE_LIMIT_EXCEEDED.
 */
export async function openArchive(from: string | ByteSource, options: OpenArchiveOptions = {}): Promise<Archive> {
  const label = options.label ?? (typeof from === 'string' ? from : 'archive');
  if (typeof from === 'string' && (await isFolder(from))) return openFolder(from, label, options);
  const closing = new UndoStack();
  try {
    return await openTar(from, label, closing, options);
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

async function openTar(
  from: string | ByteSource,
  label: string,
  closing: UndoStack,
  options: OpenArchiveOptions,
): Promise<Archive> {
  let bytes = from;
  if (typeof bytes === 'string') {
    const file = await openFileSource(bytes);
    closing.push('archive file', async () => await file[Symbol.asyncDispose]());
    bytes = file;
  }
  const compression = await recognise(bytes, label, options);
  const { tar, access, fault } = await plainTar(bytes, compression, closing, options);
  // What cannot be decompressed at all is told as that, not as no tar.
  if (fault && tar.size === 0) throw fault;
  if (compression !== 'none') await requireTar(tar, label, options);
  const index = await readTarIndex(tar, { signal: options.signal, label, role: options.role });
  if (index.fault && !options.partial) throw refusal(index.fault, label, index.entries.size, index.diagnostics);
  return {
    label,
    compression,
    access,
    bytes,
    tar,
    entries: index.entries,
    diagnostics: [...(fault ? [faultOf(fault, label)] : []), ...index.diagnostics],
    whole: index.fault === undefined && fault === undefined,
    has: (name) => index.entries.has(name),
    open: (name) => index.open(name),
    [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
  };
}

/** The uncompressed archive, and how it is reached. */
async function plainTar(
  bytes: ByteSource,
  compression: ReadableCompression,
  closing: UndoStack,
  options: OpenArchiveOptions,
): Promise<{ tar: ByteSource; access: Archive['access']; fault?: StillframeError | undefined }> {
  if (compression === 'none') return { tar: bytes, access: 'direct' };
  const table = compression === 'zstd' ? await readSeekTable(bytes, options) : undefined;
  if (table) return { tar: seekableSource(bytes, table), access: 'frames' };
  const expanded = await decompress(bytes, compression, options);
  closing.push('decompressed archive', async () => await expanded[Symbol.asyncDispose]());
  return { tar: expanded, access: 'cache', fault: expanded.fault };
}

/** What ended decompression, as a fault of the evidence. */
function faultOf(fault: StillframeError, label: string): Diagnostic {
  const id = isCode(fault, 'ERR_ARCHIVE_TRUNCATED') ? 'archive-truncated' : 'archive-damaged';
  return { id, severity: 'error', source: label, message: fault.message };
}

/** Names of which a folder holds one if it is an unpacked archive or a bare CRIU folder; looked for before it is walked. */
const FOLDER_MARKS = ['checkpoint', 'config.dump', 'spec.dump', 'checkpoints', 'pre-checkpoint'];

async function openFolder(path: string, label: string, options: OpenArchiveOptions): Promise<Archive> {
  const names = await readdir(path);
  if (names.length === 0) throw checkpointError('ERR_ARCHIVE_EMPTY', `${label} is an empty folder`);
  if (!names.some((name) => FOLDER_MARKS.includes(name) || marksImages(name))) {
    throw checkpointError(
      'ERR_ARCHIVE_UNRECOGNISED',
      `${label} is a folder, but neither an unpacked checkpoint nor CRIU images`,
    );
  }
  const listing = await listFolder(path, options);
  return {
    label,
    compression: 'none',
    access: 'direct',
    bytes: undefined,
    tar: undefined,
    entries: listing.entries,
    diagnostics: listing.diagnostics,
    whole: true,
    has: (name) => listing.entries.has(name),
    open: (name) => listing.open(name),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function isFolder(path: string): Promise<boolean> {
  let found: Stats;
  try {
    found = await stat(path);
  } catch (cause) {
    // A missing file is reported by the opening that follows, which words it better.
    if (systemCode(cause) !== undefined) return false;
    throw cause;
  }
  // Opening a FIFO would wait for a writer for ever.
  if (!found.isFile() && !found.isDirectory()) {
    throw checkpointError('ERR_ARCHIVE_UNRECOGNISED', `${path} is neither a file nor a folder`);
  }
  return found.isDirectory();
}

async function recognise(bytes: ByteSource, label: string, options: ReadOptions): Promise<ReadableCompression> {
  if (bytes.size === 0) throw checkpointError('ERR_ARCHIVE_EMPTY', `${label} is empty (0 bytes)`);
  const head = await headOf(bytes, options);
  const compression = sniffCompression(head);
  if (compression === 'bzip2' || compression === 'xz') {
    throw checkpointError('ERR_ARCHIVE_COMPRESSION_UNSUPPORTED', `${label} is compressed with ${compression}`);
  }
  if (compression === 'none') requireTarHead(head, label);
  return compression;
}

async function requireTar(tar: ByteSource, label: string, options: ReadOptions): Promise<void> {
  if (tar.size === 0) throw checkpointError('ERR_ARCHIVE_EMPTY', `${label} decompresses to nothing`);
  requireTarHead(await headOf(tar, options), label);
}

async function headOf(source: ByteSource, options: ReadOptions): Promise<Uint8Array> {
  const head = new Uint8Array(BLOCK);
  return head.subarray(0, await source.readInto(0, head, options));
}

/** The first block decides: a sound header, an empty archive, a header cut short, or no tar at all. */
function requireTarHead(head: Uint8Array, label: string): void {
  if (head.length < BLOCK) {
    const cut = Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';
    if (cut)
      throw checkpointError('ERR_ARCHIVE_TRUNCATED', `${label} ends inside its first header (${head.length} bytes)`);
    throw unrecognised(label, head);
  }
  const decoded = decodeTarHeader(head);
  if (decoded.kind === 'zero') throw checkpointError('ERR_ARCHIVE_EMPTY', `${label} is a tar archive without entries`);
  if (decoded.kind === 'invalid') throw unrecognised(label, head);
}

/** The first line of an age file. */
const SEALED = 'age-encryption.org/v1';

function unrecognised(label: string, head: Uint8Array) {
  if (Buffer.from(head.subarray(0, SEALED.length)).toString('latin1') === SEALED)
    return checkpointError('ERR_ARCHIVE_SEALED', `${label} is sealed with age`);
  return checkpointError('ERR_ARCHIVE_UNRECOGNISED', `${label} is no tar archive, plain or compressed`);
}

function refusal(fault: 'truncated' | 'damaged', label: string, readable: number, diagnostics: readonly Diagnostic[]) {
  const last = diagnostics.at(-1);
  const where = last?.offset === undefined ? '' : ` at byte ${last.offset}`;
  const details = { readableEntries: readable, offset: last?.offset ?? null };
  return fault === 'truncated'
    ? checkpointError('ERR_ARCHIVE_TRUNCATED', `${label} is truncated${where}: ${last?.message ?? 'no end mark'}`, {
        details,
      })
    : checkpointError('ERR_ARCHIVE_DAMAGED', `${label} is damaged${where}: ${last?.message ?? 'bad header'}`, {
        details,
      });
}
