/** Taking files out of an archive. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { type ByteSource, type ReadOptions, streamOf } from '@stillframe/core';
import { DESCRIPTORS, describeStreams } from './descriptors.ts';

/** Writes a new file, mode 0600. */
export async function writeSource(source: ByteSource, path: string, options: ReadOptions = {}): Promise<void> {
  await using target = await open(path, 'wx', 0o600);
  for await (const chunk of streamOf(source, { ...options, chunkSize: 4 << 20 })) await target.writeFile(chunk);
}

/** Image files lie flat in `checkpoint/`; whatever lies deeper or elsewhere is not CRIU's and is left, as is what is `there`. */
export async function extractImages(
  checkpoint: Checkpoint,
  folder: string,
  there: ReadonlySet<string>,
  options: ReadOptions = {},
): Promise<void> {
  for (const { name, kind } of checkpoint.archive.entries.values()) {
    const [, file] = /^checkpoint\/([^/]+)$/.exec(name) ?? [];
    if (kind !== 'file' || file === undefined || there.has(file)) continue;
    await writeSource(checkpoint.archive.open(name), join(folder, file), options);
  }
  if (checkpoint.archive.entries.get(`checkpoint/${DESCRIPTORS}`)?.kind === 'file') return;
  await using target = await open(join(folder, DESCRIPTORS), 'wx', 0o600);
  await target.writeFile(await describeStreams(checkpoint, options));
}
