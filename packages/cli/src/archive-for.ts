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
import { type Digest, digestSource } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { Option } from 'commander';

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

/** Writes the entries into `folder`, not synced, with the time of the checkpoint: the same source gives the same bytes. */
export async function writePlanned(
  { metadata }: Checkpoint,
  entries: readonly WriterEntry[],
  folder: string,
  signal: AbortSignal,
): Promise<{ path: string; digest: Digest }> {
  const path = join(folder, 'archive.tar');
  const mtime = Math.floor((Date.parse(metadata.checkpointed ?? '') || 0) / 1000);
  await writeArchive(path, entries, { mtime, signal });
  await using written = await openFileSource(path);
  return { path, digest: await digestSource(written, { signal }) };
}
