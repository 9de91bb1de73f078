/** Who has what: files by fd and mapping, segments of shared memory by mapping. Read once over all processes. */
import { type ImageSet, type SignalOptions, VmaStatus } from '@stillframe/criu-image';
import type { file_entry, mm_entry, vma_entry } from '@stillframe/criu-image/proto';
import type { FileTable } from '../fd/file-table.ts';
import type { Process } from '../process/process-tree.ts';
import type { Holder } from './extractable.ts';

/** Holders kept over a whole dump; a forged one claims more. */
const MOST = 1 << 20;

/** By file id and by segment id. */
export class Holders {
  readonly #files = new Map<number, Holder[]>();
  readonly #segments = new Map<string, Holder[]>();
  #count = 0;

  /** Those of a file, by its id in files.img. */
  ofFile(id: number): readonly Holder[] {
    return this.#files.get(id) ?? [];
  }

  /** Those of several files that are one thing, such as the two ends of a pipe. */
  ofFiles(ids: Iterable<number>): readonly Holder[] {
    return [...ids].flatMap((id) => this.ofFile(id));
  }

  /** The mappings of a segment that is no file: anonymous shared memory by its shmid, System V by its ipc id. */
  ofSegment(type: 'anonymous' | 'sysv', id: number): readonly Holder[] {
    return this.#segments.get(`${type} ${id}`) ?? [];
  }

  /** Whether the dump has more holders than are kept. */
  get dropped(): boolean {
    return this.#count > MOST;
  }

  addFile(id: number, holder: Holder): void {
    this.#add(this.#files, id, holder);
  }

  addVma(pid: number, vma: vma_entry): void {
    const holder = { pid, start: vma.start, end: vma.end, offset: vma.pgoff };
    const is = (bits: number) => (vma.status & bits) !== 0;
    const { FILE_PRIVATE, FILE_SHARED, MEMFD, SYSVIPC, ANON_SHARED } = VmaStatus;
    if (is(FILE_PRIVATE | FILE_SHARED | MEMFD)) this.addFile(Number(vma.shmid), holder);
    else if (is(SYSVIPC)) this.#add(this.#segments, `sysv ${vma.shmid}`, holder);
    else if (is(ANON_SHARED)) this.#add(this.#segments, `anonymous ${vma.shmid}`, holder);
  }

  #add<K>(map: Map<K, Holder[]>, key: K, holder: Holder): void {
    this.#count += 1;
    if (this.#count > MOST) return;
    const list = map.get(key);
    if (list === undefined) map.set(key, [holder]);
    else list.push(holder);
  }
}

/** The ids of the files that belong to one thing, by the number of that thing. */
export function filesBy(
  files: FileTable,
  numberOf: (file: file_entry) => number | undefined,
): ReadonlyMap<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const entry of files.entries()) {
    const { id } = entry;
    const number = numberOf(entry);
    const group = number === undefined ? undefined : groups.get(number);
    if (group !== undefined) group.push(id);
    else if (number !== undefined) groups.set(number, [id]);
  }
  return groups;
}

/** Reads the fds and mappings of all processes, and the files in flight. */
export async function readHolders(
  images: ImageSet,
  processes: readonly Process[],
  files: FileTable,
  options: SignalOptions = {},
): Promise<Holders> {
  const holders = new Holders();
  for (const { pid } of processes) {
    options.signal?.throwIfAborted();
    for (const { fd, id } of await files.fds(pid, options)) holders.addFile(id, { pid, fd });
    const mm = await images.single('mm', pid, options);
    for (const vma of mm?.vmas ?? []) holders.addVma(pid, vma);
    addPaths(holders, pid, mm, await images.single('fs', pid, options));
  }
  for await (const { idFor, scm } of images.entries('sk-queues', undefined, options)) {
    for (const id of scm.flatMap(({ rights }) => rights)) holders.addFile(id, { inQueueOf: idFor });
  }
  if (holders.dropped) {
    const message = `more than ${MOST} open files and mappings; not all are told`;
    images.report({ id: 'extract-holders-dropped', severity: 'warning', source: 'fdinfo', message });
  }
  return holders;
}

function addPaths(
  holders: Holders,
  pid: number,
  mm: mm_entry | undefined,
  fs: { cwdId: number; rootId: number } | undefined,
): void {
  if (mm) holders.addFile(mm.exeFileId, { pid, as: 'executable' });
  if (fs) holders.addFile(fs.cwdId, { pid, as: 'working-folder' });
  if (fs) holders.addFile(fs.rootId, { pid, as: 'root' });
}
