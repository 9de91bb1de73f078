/** Who has what: files by fd, path and mapping, segments of shared memory by mapping. Read once over all processes. */
import { type ImageSet, type SignalOptions, VmaStatus } from '@stillframe/criu-image';
import type { file_entry, vma_entry } from '@stillframe/criu-image/proto';
import type { FileTable } from '../fd/file-table.ts';
import { type OpenFiles, readOpenFiles } from '../fd/open-files.ts';
import type { Process } from '../process/process-tree.ts';
import type { Holder } from './extractable.ts';

/** Mappings kept over a whole dump; a forged one claims more. */
const MOST = 1 << 20;

/** By file id and by segment id. */
export class Holders {
  readonly open: OpenFiles;
  readonly #files = new Map<number, Holder[]>();
  readonly #segments = new Map<string, Holder[]>();
  #count = 0;

  constructor(open: OpenFiles) {
    this.open = open;
    for (const { pid, fd, fileId } of open.descriptors) {
      if (typeof fd === 'string') add(this.#files, fileId, { pid, as: fd });
    }
  }

  /** Those of a file, by its id in files.img. */
  ofFile(id: number): readonly Holder[] {
    const fds = this.open.holders(id).flatMap(({ pid, fd }) => (typeof fd === 'number' ? [{ pid, fd }] : []));
    const inFlight = this.open.inFlightTo(id).map((socket) => ({ inQueueOf: socket }));
    return [...fds, ...(this.#files.get(id) ?? []), ...inFlight];
  }

  /** Those of several files that are one thing, such as the two ends of a pipe. */
  ofFiles(ids: Iterable<number>): readonly Holder[] {
    return [...ids].flatMap((id) => this.ofFile(id));
  }

  /** The mappings of a segment that is no file: anonymous shared memory by its shmid, System V by its ipc id. */
  ofSegment(type: 'anonymous' | 'sysv', id: number): readonly Holder[] {
    return this.#segments.get(`${type} ${id}`) ?? [];
  }

  /** Whether the dump has more mappings than are kept. */
  get dropped(): boolean {
    return this.#count > MOST;
  }

  addVma(pid: number, vma: vma_entry): void {
    const is = (bits: number) => (vma.status & bits) !== 0;
    const { FILE_PRIVATE, FILE_SHARED, MEMFD, SYSVIPC, ANON_SHARED } = VmaStatus;
    const isFile = is(FILE_PRIVATE | FILE_SHARED | MEMFD);
    if (!isFile && !is(SYSVIPC | ANON_SHARED)) return;
    this.#count += 1;
    if (this.#count > MOST) return;
    const holder = { pid, start: vma.start, end: vma.end, offset: vma.pgoff };
    if (isFile) add(this.#files, Number(vma.shmid), holder);
    else add(this.#segments, `${is(SYSVIPC) ? 'sysv' : 'anonymous'} ${vma.shmid}`, holder);
  }
}

function add<K>(map: Map<K, Holder[]>, key: K, holder: Holder): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [holder]);
  else list.push(holder);
}

/** The ids of the files that belong to one thing, by the number of that thing. */
export function filesBy(
  files: FileTable,
  numberOf: (file: file_entry) => number | undefined,
): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, number[]>();
  for (const entry of files.entries()) {
    const number = numberOf(entry);
    const group = number === undefined ? undefined : groups.get(number);
    if (group !== undefined) group.push(entry.id);
    else if (number !== undefined) groups.set(number, [entry.id]);
  }
  return groups;
}

/** Reads the open files and mappings of all processes. */
export async function readHolders(
  images: ImageSet,
  processes: readonly Process[],
  options: SignalOptions = {},
): Promise<Holders> {
  const holders = new Holders(await readOpenFiles(images, processes, options));
  for (const { pid } of processes) {
    options.signal?.throwIfAborted();
    const mm = await images.single('mm', pid, options);
    for (const vma of mm?.vmas ?? []) holders.addVma(pid, vma);
  }
  if (holders.dropped) {
    const message = `more than ${MOST} mappings; not all are told`;
    images.report({ id: 'extract-holders-dropped', severity: 'warning', source: 'mm', message });
  }
  return holders;
}
