/** What waits in the queues of Unix sockets: a stream as one file, of datagrams a file each (sk-queues). */
import type { ByteSource } from '@stillframe/core';
import { fileNameOf } from '@stillframe/criu-image';
import { type Content, sourcePieces } from './content.ts';
import type { Extractable, ExtractContext } from './extractable.ts';

/** Pieces kept of all streams together; a forged image claims more. */
const MOST = 1 << 17;
/** Pieces whose places are told of one stream. */
const TOLD = 1000;

interface StreamPiece {
  source: ByteSource;
  /** Of its entry in the image. */
  offset: number;
  rights: readonly number[];
}

/** Lists streams by the file id of the socket that would read them, datagrams as `<file id>-<number>`. */
export async function* unixQueues(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { images } = context.checkpoint;
  const image = fileNameOf('sk-queues');
  const streams = new Map<number, StreamPiece[]>();
  const counts = new Map<number, number>();
  let kept = 0;
  for await (const { role, offset, message, payload } of images.records('sk-queues', undefined, context)) {
    const source = payload['data'];
    if (role !== 'entry' || source === undefined) continue;
    const { idFor } = message;
    const rights = message.scm.flatMap((each) => each.rights);
    const socket = socketOf(context, idFor);
    if (socket.socketType === 'stream') {
      kept += 1;
      if (kept > MOST) continue;
      const pieces = streams.get(idFor) ?? [];
      pieces.push({ source, offset, rights });
      streams.set(idFor, pieces);
      continue;
    }
    const number = counts.get(idFor) ?? 0;
    counts.set(idFor, number + 1);
    const id = `${idFor}-${number}`;
    yield {
      ...{ form: 'file', kind: 'socket', id, file: `socket-${id}.bin`, source: { image, offset } },
      ...socketFacts(context, idFor, { ...(rights.length > 0 ? { filesInFlight: rights } : {}) }),
      content: {
        size: BigInt(source.size),
        pieces: (options = {}) => sourcePieces(source, 0, source.size, 0, options),
      },
    };
  }
  if (kept > MOST) {
    const message = `${kept - MOST} pieces of streams are left out: more than ${MOST} are not taken`;
    images.report({ id: 'extract-pieces-dropped', severity: 'error', source: image, message });
  }
  for (const [idFor, pieces] of streams) {
    yield {
      ...{ form: 'file', kind: 'socket', id: String(idFor), file: `socket-${idFor}.bin`, isQueue: true },
      source: { image, offset: pieces[0]?.offset },
      ...socketFacts(context, idFor, { pieces: placesOf(pieces), pieceCount: pieces.length }),
      content: streamContent(pieces),
    };
  }
}

/** Where each piece that was written at once lies in the file, with the files that came along with it. */
function placesOf(pieces: readonly StreamPiece[]): object[] {
  let offset = 0;
  return pieces.slice(0, TOLD).map(({ source, rights }) => {
    const place = { offset, bytes: source.size, ...(rights.length > 0 ? { filesInFlight: rights } : {}) };
    offset += source.size;
    return place;
  });
}

function streamContent(pieces: readonly StreamPiece[]): Content {
  return {
    size: BigInt(pieces.reduce((sum, { source }) => sum + source.size, 0)),
    async *pieces(options = {}) {
      let offset = 0;
      for (const { source } of pieces) {
        yield* sourcePieces(source, 0, source.size, offset, options);
        offset += source.size;
      }
    },
  };
}

function socketOf(
  { fileTable }: ExtractContext,
  id: number,
): { socketType: string | undefined; name: string | undefined } {
  const target = fileTable.target(id);
  if (target.type !== 'unix-socket') return { socketType: undefined, name: undefined };
  return { socketType: target.socketType, name: target.name === '' ? undefined : target.name };
}

function socketFacts(context: ExtractContext, id: number, more: Record<string, unknown>) {
  const { socketType, name } = socketOf(context, id);
  const entry = context.fileTable.entry(id)?.usk;
  const inodes = entry ? { inode: entry.ino, peer: entry.peer } : {};
  const facts = { fileIds: [id], ...(socketType ? { socketType } : {}), ...inodes, ...more };
  return { name, holders: context.holders.ofFile(id), facts };
}
