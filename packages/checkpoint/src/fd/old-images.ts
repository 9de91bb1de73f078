/** Open files as dumps before CRIU 3 hold them: an image for each type, and watches in images of their own. */
import { limits } from '@stillframe/core';
import type { EntryOf, ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { fd_types, file_entry } from '@stillframe/criu-image/proto';

/** Kinds that held files before they were merged into files.img, and the field of file_entry they fill. */
const FIELDS = [
  ['reg-files', 'reg'],
  ['inetsk', 'isk'],
  ['ns-files', 'nsf'],
  ['packetsk', 'psk'],
  ['netlinksk', 'nlsk'],
  ['eventfd', 'efd'],
  ['eventpoll', 'epfd'],
  ['signalfd', 'sgfd'],
  ['tunfile', 'tunf'],
  ['timerfd', 'tfd'],
  ['inotify', 'ify'],
  ['fanotify', 'ffy'],
  ['ext-files', 'ext'],
  ['unixsk', 'usk'],
  ['fifo', 'fifo'],
  ['pipes', 'pipe'],
  ['tty', 'tty'],
] as const;

/** Adds the files that such images hold. */
export async function addOldFiles(
  images: ImageSet,
  entries: Map<number, file_entry>,
  options: SignalOptions = {},
): Promise<void> {
  for (const [kind, field] of FIELDS) {
    for await (const message of images.entries(kind, undefined, options)) {
      if (entries.size >= limits.criuEntries) return;
      entries.set(message.id, fileEntry(field, message));
    }
  }
  await addWatches(images, entries, options);
}

function fileEntry(field: (typeof FIELDS)[number][1], message: EntryOf<(typeof FIELDS)[number][0]>): file_entry {
  return { $typeName: 'file_entry', type: 0 satisfies fd_types, id: message.id, [field]: message };
}

/** Each watch names the file it belongs to. One whose file is missing has nothing to stand with, and is passed over. */
async function addWatches(
  images: ImageSet,
  entries: ReadonlyMap<number, file_entry>,
  options: SignalOptions,
): Promise<void> {
  for await (const watch of images.entries('eventpoll-tfd', undefined, options)) {
    entries.get(watch.id)?.epfd?.tfd.push(watch);
  }
  for await (const watch of images.entries('inotify-wd', undefined, options)) {
    entries.get(watch.id)?.ify?.wd.push(watch);
  }
  for await (const mark of images.entries('fanotify-mark', undefined, options)) {
    entries.get(mark.id)?.ffy?.mark.push(mark);
  }
}
