/**
 * An archive made of another, for `convert` and `image build`: laid out for an engine, without pages of zeroes, compressed.
 * Planned before anything is written; then read, put together and compressed in one go, with nothing in between on disk.
 */
import {
  type Checkpoint,
  type ConversionTarget,
  carriedEntries,
  compressSeekable,
  convertFor,
  type DroppedPages,
  findZeroPages,
  frameSizeOf,
  imageFolder,
  isLaidOutFor,
  type TarSourceEntry,
  tarSource,
  withBodies,
  ZSTD_LEVELS,
} from '@stillframe/checkpoint';
import { type ByteSource, bytesText, type Digest, Sha256, streamOf } from '@stillframe/core';
import { type Command, Option } from 'commander';
import { showProgress } from './display/progress.ts';
import type { Io } from './io.ts';
import { cliError } from './usage.ts';

/** Engines that an archive can be laid out for. */
const CONVERSION_TARGETS = ['cri-o', 'containerd', 'podman'] as const satisfies readonly ConversionTarget[];

/** `--for`. */
export const forOption = (description: string) => new Option('--for <engine>', description).choices(CONVERSION_TARGETS);

/** What the new archive is to be. */
export interface ArchiveWishes {
  for?: ConversionTarget;
  dropZeroPages?: boolean;
  /** Level. */
  zstd?: number;
}

/** Adds `--drop-zero-pages` and `--zstd[=LEVEL]`. */
export function withSmaller(command: Command): Command {
  const { lowest, highest, default: usual } = ZSTD_LEVELS;
  command
    .option('--drop-zero-pages', 'leave out stored pages of only zeroes where a restore gives them back all the same')
    .addOption(
      new Option(
        '--zstd [level]',
        `compress so that ranges can still be read; ${lowest} to ${highest}, written --zstd=LEVEL`,
      )
        .preset(String(usual))
        .argParser(levelOf),
    );
  // An optional value would take the next word, which is an archive or a target unless it is a number.
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (words) => {
    const end = words.includes('--') ? words.indexOf('--') : words.length;
    const [options, rest] = [words.slice(0, end), words.slice(end)];
    const alone = options.map((word, at) =>
      word === '--zstd' && !/^\d+$/.test(options[at + 1] ?? '') ? `--zstd=${usual}` : word,
    );
    return parse([...alone, ...rest]);
  };
  return command;
}

function levelOf(text: string): number {
  const { lowest, highest } = ZSTD_LEVELS;
  const level = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (level >= lowest && level <= highest) return level;
  const message = `--zstd takes a level from ${lowest} to ${highest}, not ${JSON.stringify(text)}`;
  throw cliError('ERR_USAGE_ARGUMENT', message);
}

/** An archive that can be written; it reads the one that it is made of. */
export interface ArchivePlan {
  /** Without compression. */
  readonly tar: ByteSource;
  readonly level: number | undefined;
  readonly laidOut: boolean;
  /** Whether these are other bytes, compression aside, than those of the archive that it is made of. */
  readonly altered: boolean;
}

/** What comes of the wishes; no plan where the archive is as they want it. */
export interface PlannedArchive {
  readonly plan?: ArchivePlan;
  readonly dropped?: DroppedPages;
}

/** Throws ERR_CHECKPOINT_CONVERSION where it cannot be laid out, or holds what cannot be taken over. */
export async function planArchive(
  checkpoint: Checkpoint,
  wishes: ArchiveWishes,
  signal: AbortSignal,
): Promise<PlannedArchive> {
  const { archive } = checkpoint;
  const laidOut = wishes.for !== undefined && !isLaidOutFor(checkpoint, wishes.for);
  let entries: TarSourceEntry[] | undefined;
  if (laidOut && wishes.for) entries = await convertFor(checkpoint, wishes.for, { signal });
  const dropped = wishes.dropZeroPages ? await findZeroPages(checkpoint, { signal }) : undefined;
  if (dropped && dropped.pages > 0) {
    const folder = imageFolder(archive.entries, archive.label);
    const bodies = new Map([...dropped.images].map(([name, body]) => [`${folder}${name}`, body]));
    entries = withBodies(entries ?? carriedEntries(archive), bodies);
  }
  const told = dropped ? { dropped } : {};
  const level = wishes.zstd;
  if (!entries && level === undefined) return told;
  const { tar, compression } = archive;
  // The time of the checkpoint: the same source gives the same bytes.
  const mtime = Math.floor((Date.parse(checkpoint.metadata.checkpointed ?? '') || 0) / 1000);
  const plan = !entries && tar ? tar : tarSource(entries ?? carriedEntries(archive), { mtime });
  return { ...told, plan: { tar: plan, level, laidOut, altered: plan !== tar || compression !== 'none' } };
}

/** What was written. */
export interface WrittenPlan {
  readonly digest: Digest;
  /** Of the bytes before compression. */
  readonly contentDigest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** Hands the planned archive to `append`, in order, and reads what it is made of once. */
export async function writePlan(
  { tar, level }: ArchivePlan,
  append: (bytes: Uint8Array) => Promise<void>,
  io: Io,
): Promise<WrittenPlan> {
  const { signal } = io;
  // Its line goes before anything else is told.
  using progress = showProgress(io, level === undefined ? 'lay out' : 'compress');
  let done = 0;
  const content = new Sha256();
  const packed = new Sha256();
  const frameSize = frameSizeOf(tar.size);
  const plain = async function* () {
    for await (const chunk of streamOf(tar, { signal, chunkSize: level === undefined ? 4 << 20 : frameSize })) {
      content.update(chunk);
      done += chunk.length;
      progress.update(done, tar.size);
      yield chunk;
    }
  };
  const bytes = level === undefined ? plain() : compressSeekable(plain(), { level, frameSize, signal });
  let size = 0;
  for await (const chunk of bytes) {
    if (level !== undefined) packed.update(chunk);
    size += chunk.length;
    await append(chunk);
  }
  const contentDigest = content.digest();
  return { digest: level === undefined ? contentDigest : packed.digest(), contentDigest, size };
}

/** What was left out, for JSON. */
export function droppedFacts({ pages, bytes, left }: DroppedPages) {
  return { pages, bytes, left };
}

/** What was left out, in words. */
export function droppedText({ pages, bytes, left }: DroppedPages): string {
  const kept = left.length === 0 ? '' : `; ${left.length} pagemap${left.length === 1 ? '' : 's'} left as they are`;
  return `${pages} page${pages === 1 ? '' : 's'} of zeroes (${bytesText(bytes)}) left out${kept}`;
}
