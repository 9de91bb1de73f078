/** Digests of everything that a run of rules reads: the archive, each of its entries, the image, the rules. */
import { stat } from 'node:fs/promises';
import { type Checkpoint, rangesOf } from '@stillframe/checkpoint';
import { type Digest, digestOf, digestSource, observedSource } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { measure } from '@stillframe/evidence';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';

/** What the archive is made of. */
export interface MeasuredInputs {
  /** Of the file as it lies there; of a folder that of its entries. */
  readonly digest: Digest;
  /** Bytes; undefined for a folder. */
  readonly size: number | undefined;
  /** Over names, sizes and digests of all entries. */
  readonly entries: Digest;
}

/** One pass over a plain archive, two over a compressed one. Throws the errors of the source and the reason of the signal. */
export async function measureInputs({ archive }: Checkpoint, io: Io): Promise<MeasuredInputs> {
  const { signal } = io;
  using progress = showProgress(io, 'digests');
  const { tar, bytes } = archive;
  if (!tar || !bytes) {
    const entries: object[] = [];
    for (const { name, kind, size } of [...archive.entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1)))
      entries.push({
        name,
        kind,
        size,
        digest: kind === 'file' ? await digestSource(archive.open(name), { signal }) : null,
      });
    const digest = digestOfJson(entries);
    return { digest, size: undefined, entries: digest };
  }
  const total = tar === bytes ? tar.size : tar.size + bytes.size;
  const onProgress = (done: number) => progress.update(done, total);
  const measured = await measure(tar, rangesOf(archive.entries), { signal, onProgress });
  const observed = () => observedSource(bytes, (end) => onProgress(tar.size + end));
  const digest = tar === bytes ? measured.digest : await digestSource(observed(), { signal });
  return { digest, size: bytes.size, entries: digestOfJson(measured.entries) };
}

/** What `--image` meant: its manifest, or the bytes of a tar; null for what has no digest, as a folder. */
export async function imageDigest(where: string, manifest: string | undefined, io: Io): Promise<string | null> {
  if (manifest !== undefined) return manifest;
  if (!(await stat(where).catch(() => undefined))?.isFile()) return null;
  await using file = await openFileSource(where);
  return await digestSource(file, { signal: io.signal });
}

/** Of plain JSON as it is written. */
export function digestOfJson(value: unknown): Digest {
  return digestOf(new TextEncoder().encode(JSON.stringify(value)));
}
