/** Deletions as each engine tells them: whiteouts in the diff for containerd, a list beside it for CRI-O and podman. */
import { type ByteSource, type ReadOptions, streamOf } from '@stillframe/core';
import { BLOCK, decodeTarHeader, paddedSize } from '../archive/tar-header.ts';
import { endOfArchive } from '../archive/writer-header.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { openRootfsDiff, ROOTFS_DIFF } from '../rootfs-diff.ts';
import { encodeWhiteouts } from './containerd-documents.ts';

/** A diff that is changed is held in memory. */
const LARGEST_DIFF = 256 << 20;
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** GNU's, whose own map may go on in blocks after the header. */
const SPARSE = 'S';
/** Links, devices, folders and pipes, whatever size they claim. */
const BODILESS = /^[1-6]$/;
/** Types of header that only say something of the entry after them (pax, GNU long names). */
const EXTENSIONS = new Set(['x', 'g', 'L', 'K']);

/** The diff with the deletions in it, and those first. Throws ERR_CHECKPOINT_CONVERSION for a diff over 256 MiB. */
export async function diffWithWhiteouts(checkpoint: Checkpoint, options: ReadOptions): Promise<Uint8Array> {
  const whiteouts = encodeWhiteouts(checkpoint.documents.deletedFiles, 0, false);
  await using diff = await openRootfsDiff(checkpoint, options);
  return Buffer.concat([whiteouts, diff?.tar ? await readWhole(diff.tar, options) : endOfArchive]);
}

/**
 * The diff without whiteouts, and what they and deleted.files say was deleted. A plain diff without any keeps its bytes.
 * Throws ERR_CHECKPOINT_CONVERSION for a diff over 256 MiB that must change, and for an opaque folder: what it hides of
 * the image is written nowhere.
 */
export async function diffWithDeletions(
  checkpoint: Checkpoint,
  options: ReadOptions,
): Promise<{ diff: ByteSource | Uint8Array | undefined; deleted: readonly string[] }> {
  const { archive, documents } = checkpoint;
  await using diff = await openRootfsDiff(checkpoint, options);
  if (!diff?.tar) return { diff: undefined, deleted: documents.deletedFiles };
  const whiteouts = new Map<number, string>();
  for (const { name, headerOffset } of diff.entries.values()) {
    const base = name.slice(name.lastIndexOf('/') + 1);
    if (base === OPAQUE) {
      throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'its rootfs-diff.tar hides whole folders of the image', {
        hint: 'restore it here or with containerd; CRI-O and podman know no such deletion',
      });
    }
    if (base.startsWith(WHITEOUT)) {
      whiteouts.set(headerOffset, `/${name.slice(0, name.length - base.length)}${base.slice(WHITEOUT.length)}`);
    }
  }
  // One that would name its own folder, or the one above, deletes nothing.
  const told = [...whiteouts.values()].filter((path) => !/\/\.{0,2}$/.test(path));
  const deleted = [...new Set([...documents.deletedFiles, ...told])];
  if (whiteouts.size === 0 && diff.compression === 'none') return { diff: archive.open(ROOTFS_DIFF), deleted };
  return { diff: without(await readWhole(diff.tar, options), new Set(whiteouts.keys())), deleted };
}

/** A tar without the entries whose headers are at `dropped`, and without what was said of them before. */
function without(tar: Uint8Array, dropped: ReadonlySet<number>): Uint8Array {
  const parts: Uint8Array[] = [];
  let first = 0;
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const block = decodeTarHeader(tar.subarray(at, at + BLOCK));
    if (block.kind === 'zero') break;
    if (block.kind === 'invalid' || block.header.type === SPARSE) {
      throw checkpointError(
        'ERR_CHECKPOINT_CONVERSION',
        `its rootfs-diff.tar has a header at ${at} that cannot be kept`,
      );
    }
    const { type, size } = block.header;
    const next = at + BLOCK + (BODILESS.test(type) ? 0 : paddedSize(Number(size)));
    if (!EXTENSIONS.has(type)) {
      if (!dropped.has(at)) parts.push(tar.subarray(first, next));
      first = next;
    }
    at = next;
  }
  return Buffer.concat([...parts, endOfArchive]);
}

async function readWhole(tar: ByteSource, options: ReadOptions): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of streamOf(tar, options)) {
    size += chunk.length;
    if (size > LARGEST_DIFF) {
      throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'its rootfs-diff.tar is larger than 256 MiB');
    }
    parts.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(parts);
}
