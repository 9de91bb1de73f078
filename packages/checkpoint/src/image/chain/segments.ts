/**
 * Where granules of an archive begin. Memory is compared page by page, so each entry is cut from its own first byte on: a
 * header or a small file that grew before it shifts nothing. Tars within the archive are cut in the same way.
 */
import { type ByteSource, type ReadOptions, sliceSource } from '@stillframe/core';
import type { Archive } from '../../archive/open.ts';
import { readTarIndex } from '../../archive/reader.ts';
import type { ArchiveEntry } from '../../archive/tar-entry.ts';
import { ROOTFS_DIFF } from '../../rootfs-diff.ts';

/** A run of the archive that is cut from its start. */
export interface Segment {
  /** Byte in the archive. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

const TREES: readonly string[] = [ROOTFS_DIFF, 'devshm-checkpoint.tar'];

/** All of the archive, in order, without gap or overlap. `tar`: its bytes. */
export async function segmentsOf(
  { entries }: Pick<Archive, 'entries'>,
  tar: ByteSource,
  options: ReadOptions = {},
): Promise<Segment[]> {
  const bodies = bodiesOf(entries, 0);
  for (const name of TREES) {
    const entry = entries.get(name);
    if (entry?.kind !== 'file') continue;
    // One that is damaged gives what came before the damage; the rest is cut as one piece.
    const inner = await readTarIndex(sliceSource(tar, entry.offset, entry.size), { ...options, role: 'filesystem' });
    bodies.push(...bodiesOf(inner.entries, entry.offset));
  }
  const cuts = new Set([0, tar.size]);
  for (const { offset, size } of bodies) cuts.add(offset).add(offset + size);
  const sorted = [...cuts].filter((cut) => cut >= 0 && cut <= tar.size).sort((a, b) => a - b);
  return sorted.slice(0, -1).map((offset, index) => ({ offset, size: (sorted[index + 1] ?? tar.size) - offset }));
}

function bodiesOf(entries: ReadonlyMap<string, ArchiveEntry>, base: number): Segment[] {
  const files = [...entries.values()].filter(({ kind, size }) => kind === 'file' && size > 0);
  return files.map(({ offset, size }) => ({ offset: base + offset, size }));
}
