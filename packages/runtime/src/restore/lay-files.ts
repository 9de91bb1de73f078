/** The files of a copy: the container's changes over its base image, its log, what its standard input was. */
import { copyFile, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import { type Diagnostic, messageOf, StillframeError, streamOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { rfc3339 } from '../clock.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { ImageRecord } from '../image/image-store.ts';
import { applyRootfsDiff, type DiffSource } from '../rootfs/apply-diff.ts';
import { diffFault } from '../rootfs/diff-fault.ts';
import { writeSource } from './extract.ts';
import { criLines } from './log-lines.ts';
import { demandRoom } from './room.ts';

/**
 * Lays the changes and deletions of the checkpoint into an empty upper folder; returns what could not be honoured.
 * Throws ERR_RESTORE_ARCHIVE for changes that cannot be unpacked, ERR_RESTORE_REFUSED where there is no room for them.
 */
export async function fillUpper(
  context: Pick<NodeContext, 'images'>,
  checkpoint: Checkpoint,
  base: ImageRecord,
  upper: string,
): Promise<Diagnostic[]> {
  const deleted = checkpoint.documents.deletedFiles;
  const apply = (source: DiffSource) => applyRootfsDiff(upper, context.images.layersFolder, base.layers, source);
  if (!checkpoint.archive.has('rootfs-diff.tar')) return apply({ deleted });
  await using work = await openTemporaryFolder(dirname(upper), 'diff');
  const tarPath = join(work.path, 'rootfs-diff.tar');
  try {
    await demandRoom(checkpoint, dirname(upper));
    await writeSource(checkpoint.archive.open('rootfs-diff.tar'), tarPath);
    return await apply({ tarPath, deleted });
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    throw notUnpacked(cause, dirname(upper));
  }
}

/** What the reader or GNU tar says of a diff that is none. */
function isDamage(error: unknown): boolean {
  return StillframeError.is(error) && /^ERR_(PROCESS_FAILED|ARCHIVE_(?!TOO_LARGE))/.test(error.code);
}

/** GNU tar tells what it met in words alone. */
function notUnpacked(cause: unknown, folder: string) {
  if (/No space left/i.test(messageOf(cause))) {
    const message = `${folder} has no room for the filesystem changes of the checkpoint`;
    return runtimeError('ERR_RESTORE_REFUSED', message, { cause, hint: 'free space there' });
  }
  const message = `the filesystem changes of the checkpoint cannot be unpacked: ${diffFault(cause)}`;
  return runtimeError('ERR_RESTORE_ARCHIVE', message, {
    cause,
    hint: 'its rootfs-diff.tar is damaged or forged; its memory can still be read with `stillframe inspect`',
  });
}

/** Whether standard input of the dump was a pipe: then CRIU needs a pipe to put in its place. */
export async function hadStdin(images: string): Promise<boolean> {
  try {
    const [stdin] = JSON.parse(await readFile(join(images, 'descriptors.json'), 'utf8')) as unknown[];
    return typeof stdin === 'string' && stdin.startsWith('pipe:');
  } catch {
    // An engine that writes none, or not as an array, gave no standard input worth keeping.
    return false;
  }
}

/** The log goes on where the checkpoint's left off, as with CRI-O and containerd. */
export async function layLog(checkpoint: Checkpoint, path: string): Promise<void> {
  const name = checkpoint.metadata.logEntry;
  if (name === undefined || !checkpoint.archive.has(name)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (await stat(path).catch(() => undefined)) await copyFile(path, `${path}.before-restore`);
  await using target = await open(path, 'w', 0o640);
  const at = checkpoint.metadata.checkpointed ?? rfc3339('0');
  for await (const lines of criLines(streamOf(checkpoint.archive.open(name)), at)) await target.writeFile(lines);
}
