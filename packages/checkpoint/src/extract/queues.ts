/** Bytes that nobody has read yet: pipes, FIFOs, terminals and messages of System V. checkpoint-spec 7.7. */
import { bytesSource } from '@stillframe/core';
import { fileNameOf } from '@stillframe/criu-image';
import { sourceContent } from './content.ts';
import type { Extractable, ExtractableFile, ExtractContext } from './extractable.ts';
import { filesBy } from './holders.ts';

/** Lists pipes by their inode. */
export async function* pipes(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  yield* pipeData(context, 'pipe', 'pipes-data');
}

/** Lists FIFOs by their inode. */
export async function* fifos(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  yield* pipeData(context, 'fifo', 'fifo-data');
}

async function* pipeData(
  context: ExtractContext,
  kind: 'pipe' | 'fifo',
  image: 'pipes-data' | 'fifo-data',
): AsyncGenerator<Extractable, void, undefined> {
  const ends = filesBy(context.fileTable, (entry) => entry[kind]?.pipeId);
  for await (const { role, offset, message, payload } of context.checkpoint.images.records(image, undefined, context)) {
    const data = payload['data'];
    if (role !== 'entry' || data === undefined) continue;
    const { pipeId, size } = message;
    const ids = ends.get(pipeId) ?? [];
    const [first] = ids;
    const target = first === undefined ? undefined : context.fileTable.target(first);
    yield {
      ...{ form: 'file', kind, id: String(pipeId), file: `${kind}-${pipeId}.bin`, isQueue: true },
      name: target?.type === 'fifo' ? target.path : undefined,
      source: { image: fileNameOf(image), offset },
      holders: context.holders.ofFiles(ids),
      facts: { fileIds: ids, ...(size > 0 ? { capacity: size } : {}) },
      content: sourceContent(data),
    };
  }
}

/** Lists what was typed into terminals or written to them and not yet read, by CRIU's id of the terminal. */
export async function* terminals(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { images } = context.checkpoint;
  const filesOf = filesBy(context.fileTable, ({ tty }) => tty?.ttyInfoId);
  for await (const { role, offset, message } of images.records('tty-data', undefined, context)) {
    if (role !== 'entry') continue;
    const { ttyId, data } = message;
    const ids = filesOf.get(ttyId) ?? [];
    const [first] = ids;
    const target = first === undefined ? undefined : context.fileTable.target(first);
    yield {
      ...{ form: 'file', kind: 'tty', id: String(ttyId), file: `tty-${ttyId}.bin`, isQueue: true },
      name: target?.type === 'tty' ? target.path : undefined,
      source: { image: fileNameOf('tty-data'), offset },
      holders: context.holders.ofFiles(ids),
      facts: { fileIds: ids },
      content: sourceContent(bytesSource(data)),
    };
  }
}

/** Lists messages of System V queues as `msg-<queue>-<number>`, oldest first. */
export async function* messages(context: ExtractContext): AsyncGenerator<ExtractableFile, void, undefined> {
  const { images } = context.checkpoint;
  for (const namespaceId of images.ids('ipcns-msg')) {
    let queue = { id: 0, key: 0 };
    let number = 0;
    for await (const record of images.records('ipcns-msg', namespaceId, context)) {
      if (record.role === 'entry') {
        queue = record.message.desc ?? { id: 0, key: 0 };
        number = 0;
      }
      const data = record.role === 'member' ? record.payload['data'] : undefined;
      if (record.role !== 'member' || data === undefined) continue;
      const id = `msg-${queue.id}-${number}`;
      number += 1;
      yield {
        ...{ form: 'file', kind: 'ipc', id, file: `ipc-${id}.bin`, name: undefined, holders: [] },
        source: { image: fileNameOf('ipcns-msg', namespaceId), offset: record.offset },
        facts: { key: `0x${queue.key.toString(16)}`, type: record.message.mtype },
        content: sourceContent(data),
      };
    }
  }
}
