/** For tests: a dump made of given processes, fd tables, files and what waits in them. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { bytesSource } from '@stillframe/core';
import {
  type FramedName,
  fileNameOf,
  framedKind,
  type ImageSet,
  openImageSet,
  schemaNamed,
} from '@stillframe/criu-image';
import type { file_entrySchema } from '@stillframe/criu-image/proto';
import { frame, image } from '../elf-core/made-set.fixture.ts';

/** A file of files.img without the ids that its parts repeat. */
export type MadeFile = MessageInitShape<typeof file_entrySchema>;

/** Fields of the messages of an image, with the bytes that follow each. */
export type MadeEntry = Record<string, unknown> & { bytesBehind?: Uint8Array };

export interface MadeDump {
  /** Pids, each with the id of its fd table: two with one id share it. */
  processes: Readonly<Record<number, number>>;
  /** The fds of each table, by fd: the id of a file. */
  tables: Readonly<Record<number, Readonly<Record<number, number>>>>;
  /** By id. */
  files: Readonly<Record<number, Omit<MadeFile, 'id' | '$typeName'>>>;
  /** Other images: kinds that have one image only, or a name and an id. */
  more?: Readonly<Partial<Record<FramedName | `${FramedName} ${number}`, readonly MadeEntry[]>>>;
  /** Bytes that are cut off the end of images, by file name. */
  cut?: Readonly<Record<string, number>>;
}

/** What a set of images made of messages is: names and bytes. */
export function madeDump({ processes, tables, files, more = {}, cut = {} }: MadeDump): ImageSet {
  const made = new Map<string, Uint8Array>();
  const put = (kind: FramedName, id: number | undefined, entries: readonly MadeEntry[]) => {
    const row = framedKind(kind);
    const parts = entries.flatMap(({ bytesBehind = new Uint8Array(), ...fields }) => [
      frame(schemaNamed(row.message), fields),
      bytesBehind,
    ]);
    made.set(fileNameOf(kind, id), image(row.magic, parts));
  };
  const pids = Object.entries(processes);
  put(
    'pstree',
    undefined,
    pids.map(([pid], i) => ({ pid: Number(pid), ppid: i === 0 ? 0 : 1, threads: [Number(pid)] })),
  );
  for (const [pid, filesId] of pids) put('ids', Number(pid), [{ filesId }]);
  // A test that gives many processes one table wants it encoded once.
  const encoded = new Map<object, Uint8Array>();
  for (const [id, fds] of Object.entries(tables)) {
    const name = fileNameOf('fdinfo', Number(id));
    const known = encoded.get(fds);
    if (known) {
      made.set(name, known);
      continue;
    }
    put(
      'fdinfo',
      Number(id),
      Object.entries(fds).map(([fd, file]) => ({ fd: Number(fd), id: file, type: 1, flags: 0 })),
    );
    encoded.set(fds, made.get(name) ?? new Uint8Array());
  }
  put(
    'files',
    undefined,
    Object.entries(files).map(([id, file]) => ({ type: 1, ...withId(file, Number(id)), id: Number(id) })),
  );
  for (const [name, entries] of Object.entries(more)) {
    const [kind = '', id] = name.split(' ');
    put(kind as FramedName, id === undefined ? undefined : Number(id), entries ?? []);
  }
  for (const [name, bytes] of Object.entries(cut)) {
    const whole = made.get(name);
    if (whole) made.set(name, whole.subarray(0, whole.length - bytes));
  }
  return openImageSet({
    names: () => made.keys(),
    open: (name) => {
      const bytes = made.get(name);
      return bytes && bytesSource(bytes);
    },
  });
}

/** The id stands in the entry and in what it holds. */
function withId(file: Omit<MadeFile, 'id' | '$typeName'>, id: number): MadeEntry {
  const part = ([name, value]: [string, unknown]): [string, unknown] =>
    typeof value === 'object' && value !== null ? [name, { ...value, id }] : [name, value];
  return Object.fromEntries(Object.entries(file).map(part));
}
