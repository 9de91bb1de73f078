/** An archive laid out for another engine, for `convert` and `image build --for`: planned before anything is written. */
import { join } from 'node:path';
import {
  type Checkpoint,
  type ConversionTarget,
  convertFor,
  isLaidOutFor,
  type WriterEntry,
  writeArchive,
} from '@stillframe/checkpoint';
import { type ByteSource, type Digest, digestSource, observedSource } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { Option } from 'commander';
import { showProgress } from './display/progress.ts';
import type { Io } from './io.ts';

/** Engines that an archive can be laid out for. */
export const CONVERSION_TARGETS = ['cri-o', 'containerd', 'podman'] as const satisfies readonly ConversionTarget[];

/** `--for`. */
export const forOption = (description: string) => new Option('--for <engine>', description).choices(CONVERSION_TARGETS);

/** The new archive's entries; undefined where the engine takes the archive as it is. Throws ERR_CHECKPOINT_CONVERSION. */
export async function planFor(
  checkpoint: Checkpoint,
  engine: ConversionTarget,
  signal: AbortSignal,
): Promise<WriterEntry[] | undefined> {
  return isLaidOutFor(checkpoint, engine) ? undefined : await convertFor(checkpoint, engine, { signal });
}

interface PlannedOptions {
  signal: AbortSignal;
  /** Told how many bytes have been written and hashed, of all that have to. */
  onProgress?: (done: number, total: number) => void;
}

/** Writes the entries into `folder`, not synced, with the time of the checkpoint: the same source gives the same bytes. */
export async function writePlanned(
  { metadata }: Checkpoint,
  entries: readonly WriterEntry[],
  folder: string,
  { signal, onProgress }: PlannedOptions,
): Promise<{ path: string; digest: Digest }> {
  const path = join(folder, 'archive.tar');
  const mtime = Math.floor((Date.parse(metadata.checkpointed ?? '') || 0) / 1000);
  const sizes = entries.map(({ body }) => (isSource(body) ? body.size : 0));
  const total = 2 * sizes.reduce((sum, size) => sum + size, 0);
  const watched = entries.map((entry, index) => {
    const { body } = entry;
    if (!isSource(body)) return entry;
    const before = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    return { ...entry, body: observedSource(body, (end) => onProgress?.(before + end, total)) };
  });
  await writeArchive(path, watched, { mtime, signal });
  await using file = await openFileSource(path);
  const hashed = observedSource(file, (end) => onProgress?.(Math.min(total, total / 2 + end), total));
  return { path, digest: await digestSource(hashed, { signal }) };
}

/** The same with a line of progress, which goes before anything else is told. */
export async function writeShown(
  checkpoint: Checkpoint,
  entries: readonly WriterEntry[],
  folder: string,
  io: Io,
): Promise<{ path: string; digest: Digest }> {
  using progress = showProgress(io, 'lay out');
  return await writePlanned(checkpoint, entries, folder, { signal: io.signal, onProgress: progress.update });
}

function isSource(body: WriterEntry['body']): body is ByteSource {
  return body !== undefined && 'readInto' in body;
}
