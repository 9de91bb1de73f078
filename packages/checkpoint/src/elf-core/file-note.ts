/** NT_FILE: which file is mapped where, from which page of it on. Source: Linux fs/binfmt_elf.c. */
import { type AddressSpace, VmaStatus } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import type { FileTable } from '../fd/file-table.ts';
import { type Note, NoteType } from './note.ts';
import { Structure } from './structure.ts';

/** Bytes of the whole note, as the kernel bounds it (core_file_note_size_max). */
const LONGEST_NOTE = 16 << 20;
/** PATH_MAX; a longer name is nobody's. */
const LONGEST_NAME = 4096;

export interface FileNote {
  note: Note;
  /** Mappings left out, for the note would have become too long. */
  dropped: number;
}

export function fileNote(space: AddressSpace, files: FileTable): FileNote {
  const rows: { vma: vma_entry; name: Uint8Array }[] = [];
  let bytes = 16;
  let dropped = 0;
  for (const vma of space.vmas) {
    const name = mappedName(vma, files);
    if (name === undefined) continue;
    if (bytes + 24 + name.length > LONGEST_NOTE) dropped += 1;
    else {
      bytes += 24 + name.length;
      rows.push({ vma, name });
    }
  }
  const content = new Structure(bytes).u64(rows.length).u64(space.pageSize);
  for (const { vma } of rows)
    content
      .u64(vma.start)
      .u64(vma.end)
      .u64(vma.pgoff / BigInt(space.pageSize));
  for (const { name } of rows) content.raw(name);
  return { note: { owner: 'CORE', type: NoteType.FILE, content: content.bytes }, dropped };
}

/** With the NUL at the end. A file that was unlinked gets the kernel's mark, so that no reader takes another for it. */
function mappedName(vma: vma_entry, files: FileTable): Uint8Array | undefined {
  if ((vma.status & (VmaStatus.FILE_PRIVATE | VmaStatus.FILE_SHARED)) === 0) return undefined;
  const target = files.target(Number(vma.shmid));
  if (target.type !== 'file') return undefined;
  const name = Buffer.from(target.path.replaceAll('\0', '\ufffd')).subarray(0, LONGEST_NAME);
  return Buffer.concat([name, Buffer.from(target.deleted ? ' (deleted)\0' : '\0')]);
}
