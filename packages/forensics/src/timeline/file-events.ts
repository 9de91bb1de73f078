/** Times of files: of what the container had changed, and of deleted files that it held open. */
import { type Checkpoint, readChanges, readOpenFiles } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { fileNameOf, type SignalOptions } from '@stillframe/criu-image';
import type { NotRecorded, TimelineEvent } from './event.ts';
import { secondsTime } from './time.ts';

/** Deleted files of which the times are read; a container holds a few. */
const GHOSTS = 100_000;

/** Events in no order. Of a deletion no time is recorded. */
export async function fileEvents(
  checkpoint: Checkpoint,
  report: (faults: readonly Diagnostic[]) => void,
  options: SignalOptions = {},
): Promise<{ events: readonly TimelineEvent[]; notRecorded: readonly NotRecorded[] }> {
  const events: TimelineEvent[] = [];
  let untimed = 0;
  let deleted = 0;
  for await (const { path, change, type, modified } of readChanges(checkpoint, { ...options, partial: true }, report)) {
    const time = change === 'deleted' ? undefined : secondsTime(modified);
    if (change === 'deleted') deleted += 1;
    else if (!time) untimed += 1;
    else {
      const [reference, fields] = [{ kind: 'rootfs', path } as const, { path, change, type }];
      events.push({
        ...time,
        source: 'file',
        description: 'modified',
        message: path,
        clock: 'kernel',
        reference,
        fields,
      });
    }
  }
  events.push(...(await ghostEvents(checkpoint, options)));
  const notRecorded: NotRecorded[] = [];
  if (deleted > 0)
    notRecorded.push({ what: `times of ${deleted} deletions`, reason: 'changes have that of what is there' });
  if (untimed > 0) notRecorded.push({ what: `times of ${untimed} changes`, reason: 'none, or none that a date holds' });
  return { events, notRecorded };
}

async function ghostEvents({ images }: Checkpoint, options: SignalOptions): Promise<readonly TimelineEvent[]> {
  const events: TimelineEvent[] = [];
  const names = await namesOfGhosts(images, options);
  for (const id of images.ids('ghost-file').slice(0, GHOSTS)) {
    for await (const record of images.records('ghost-file', id, options)) {
      if (record.role !== 'head') break;
      const name = fileNameOf('ghost-file', id);
      const { atim, mtim } = record.message;
      for (const [description, at] of [
        ['modified', mtim],
        ['accessed', atim],
      ] as const) {
        const time = at && secondsTime(Number(at.tvSec) + Number(at.tvUsec) / 1e6);
        if (!time) continue;
        const path = names.get(id);
        const message = `${path ?? 'file'} (deleted), kept in ${name}`;
        const reference = { kind: 'image', name } as const;
        events.push({
          ...time,
          precision: 'microseconds',
          source: 'file',
          description,
          message,
          clock: 'kernel',
          reference,
          fields: path === undefined ? undefined : { path },
        });
      }
      break;
    }
  }
  return events;
}

/** What deleted files were called, by the number of their image. */
async function namesOfGhosts(
  images: Checkpoint['images'],
  options: SignalOptions,
): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  if (images.ids('ghost-file').length === 0) return names;
  const { files } = await readOpenFiles(images, [], options);
  for (const { id } of files.entries()) {
    const target = files.target(id);
    if (target.type === 'file' && target.kept?.how === 'ghost' && !names.has(target.kept.ghostId))
      names.set(target.kept.ghostId, target.path);
  }
  return names;
}
