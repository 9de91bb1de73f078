/** Deleted files that were held open (ghost-file images). checkpoint-spec 7.6. */
import type { ByteSource } from '@stillframe/core';
import { fileNameOf, type ImageSet, type SignalOptions } from '@stillframe/criu-image';
import type { ghost_file_entry } from '@stillframe/criu-image/proto';
import { readKeptFiles } from '../fd/kept-file.ts';
import { type Content, sourceContent, sourcePieces } from './content.ts';
import type { Extractable, ExtractContext } from './extractable.ts';

/** Lists them by ghost id. */
export async function* ghosts(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { checkpoint, holders, fileTable } = context;
  const { images } = checkpoint;
  const owners = await filesOfGhosts(images, context);
  for (const id of images.ids('ghost-file')) {
    const head = await ghostHead(images, id, context);
    const ids = owners.get(id) ?? [];
    const paths = [...new Set(ids.map((file) => fileTable.path(file)).filter((path) => path !== undefined))];
    yield {
      form: 'file',
      kind: 'ghost',
      id: id.toString(16),
      file: `ghost-${id.toString(16)}.bin`,
      name: paths[0],
      source: { image: fileNameOf('ghost-file', id) },
      holders: holders.ofFiles(ids),
      facts: { fileIds: ids, ...(paths.length > 1 ? { paths } : {}), ...factsOf(head?.message) },
      ...bodyOf(images, id, head),
    };
  }
}

interface Head {
  message: ghost_file_entry;
  whole: ByteSource | undefined;
}

async function ghostHead(images: ImageSet, id: number, options: SignalOptions): Promise<Head | undefined> {
  for await (const record of images.records('ghost-file', id, options)) {
    return record.role === 'head' ? { message: record.message, whole: record.payload['data'] } : undefined;
  }
  return undefined;
}

function bodyOf(
  images: ImageSet,
  id: number,
  head: Head | undefined,
): { content: Content | undefined; without?: string } {
  if (head === undefined) return { content: undefined, without: 'the image cannot be read' };
  if (head.whole) return { content: sourceContent(head.whole) };
  if (head.message.chunks) return { content: chunks(images, id, head.message.size) };
  return { content: undefined, without: 'it is no regular file' };
}

/**
 * Chunks as they stand in the image, which is by ascending offset. One that begins before the end of the one before it, or
 * behind the end of the file, CRIU never writes: it is left out and told.
 */
function chunks(images: ImageSet, id: number, size: bigint): Content {
  return {
    size,
    async *pieces(options = {}) {
      let end = 0n;
      for await (const record of images.records('ghost-file', id, options)) {
        const content = record.role === 'entry' ? record.payload['data'] : undefined;
        if (record.role !== 'entry' || content === undefined) continue;
        const { off, len } = record.message;
        const fits = off >= end && off < size;
        const bytes = fits ? Math.min(content.size, Number(size - off)) : 0;
        if (!fits || BigInt(bytes) < len) {
          const message = `a chunk of ${len} bytes at ${off} does not lie behind the one before and within ${size} bytes`;
          images.reporter(
            'ghost-file',
            id,
          )({ id: 'ghost-chunk-misplaced', severity: 'error', offset: record.offset, message });
        }
        if (!fits) continue;
        yield* sourcePieces(content, 0, bytes, Number(off), options);
        end = off + BigInt(bytes);
      }
    },
  };
}

/** The ids of the files whose content a ghost is: several where a file had several names or openings. */
async function filesOfGhosts(
  images: ImageSet,
  options: SignalOptions,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const owners = new Map<number, number[]>();
  for (const [fileId, kept] of await readKeptFiles(images, options)) {
    if (kept.how !== 'ghost') continue;
    const list = owners.get(kept.ghostId);
    if (list === undefined) owners.set(kept.ghostId, [fileId]);
    else list.push(fileId);
  }
  return owners;
}

function factsOf(head: ghost_file_entry | undefined): Record<string, unknown> {
  if (head === undefined) return {};
  const { uid, gid, mode, ino, atim, mtim, symlnkTarget } = head;
  return {
    ...{ uid, gid, mode: `0${mode.toString(8)}`, inode: ino },
    ...(mtim ? { modified: timeOf(mtim) } : {}),
    ...(atim ? { accessed: timeOf(atim) } : {}),
    ...(symlnkTarget === '' ? {} : { linkTarget: symlnkTarget }),
  };
}

/** Seconds since 1970 with six decimals: a forged one need not be a date. */
function timeOf({ tvSec, tvUsec }: { tvSec: bigint; tvUsec: bigint }): string {
  return `${tvSec}.${String(tvUsec).padStart(6, '0')}`;
}
