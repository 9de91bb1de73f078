/** What `crit x` calls an open file, by its type and CRIU's file id. */
import type { ImageSet, SignalOptions } from '../image-set.ts';
import { fd_types, type file_entry } from '../proto.ts';
import { namesOfEnum } from '../wire/shape.ts';
import { quotedPrintable } from './quoted-printable.ts';

/** Gives the name of a file of this type and id. */
export type FileNames = (type: fd_types, id: number) => string;

/** Reads files.img and, where it is not there, the images that held open files before CRIU 3. */
export async function readFileNames(images: ImageSet, options: SignalOptions = {}): Promise<FileNames> {
  const files = new Map<number, Pick<file_entry, 'reg' | 'pipe' | 'usk'>>();
  for await (const file of images.entries('files', undefined, options))
    if (!files.has(file.id)) files.set(file.id, file);
  if (files.size === 0) {
    for await (const reg of images.entries('reg-files', undefined, options)) files.set(reg.id, { reg });
    for await (const pipe of images.entries('pipes', undefined, options)) files.set(pipe.id, { pipe });
    for await (const usk of images.entries('unixsk', undefined, options)) files.set(usk.id, { usk });
  }
  return (type, id) => {
    const file = files.get(id);
    if (type === fd_types.REG) return file?.reg?.name || 'unknown path';
    if (type === fd_types.PIPE) return `pipe[${file?.pipe?.pipeId ?? '?'}]`;
    if (type !== fd_types.UNIXSK) return `${namesOfEnum('fd_types').get(type) ?? type}.${id}`;
    if (file?.usk === undefined) return 'unix[?]';
    const { ino, peer, name } = file.usk;
    return `unix[${ino} (${peer})${name.length > 0 ? ` ${quotedPrintable(name)}` : ''}]`;
  };
}
