/** The ELF core file of one process: planned whole before a byte is written, then given piece by piece. */
import {
  type AddressSpace,
  fileNameOf,
  type ImageSet,
  openAddressSpace,
  type SignalOptions,
} from '@stillframe/criu-image';
import { checkpointError } from '../errors.ts';
import { type FileTable, readFileTable } from '../fd/file-table.ts';
import { type Process, readProcesses } from '../process/process-tree.ts';
import {
  encodeExtendedCount,
  encodeFileHeader,
  encodeProgramHeader,
  headerBytes,
  PN_XNUM,
  PT_LOAD,
  PT_NOTE,
  PT_NULL,
} from './elf.ts';
import { fileNote } from './file-note.ts';
import { encodeNote } from './note.ts';
import { type MemoryFacts, planMemory, type Segment } from './segments.ts';
import { auxv, PSARGS, prpsinfo, prstatus, siginfo } from './task-notes.ts';
import { firstThread, readThreadStates } from './threads.ts';

/** Bytes of the file from `offset` on. Between parts the file has holes, which read as zeroes. */
export interface CorePart {
  offset: number;
  /** Valid until the next part is asked for. */
  bytes: Uint8Array;
}

/** A core file that can be written. */
export interface CoreFile {
  readonly pid: number;
  /** Raw text. */
  readonly comm: string | undefined;
  /** `x86-64` or `aarch64`. */
  readonly machine: string;
  /** Bytes of the whole file, holes included; far more than it takes on disk. */
  readonly size: number;
  readonly threads: number;
  readonly segments: number;
  readonly memory: MemoryFacts;
  /** The content in ascending order, as often as it is asked for. */
  parts(options?: SignalOptions): AsyncGenerator<CorePart, void, undefined>;
}

/** Bytes of memory read at once. */
const CHUNK = 1 << 20;
/** Captured bytes that a process may show as shared memory: so much, or so many times what the images hold. */
const SHARED_BYTES = 16n << 30n;
const SHARED_TIMES = 8n;

/**
 * Plans the core of `pid`; reads indexes and core images, no memory but that of the command line. What is damaged is
 * left out and told in the diagnostics of the set. Throws ERR_CORE_NO_PROCESS, ERR_CORE_NO_MEMORY for a zombie and
 * where its images are missing,
 * ERR_CORE_NO_REGISTERS, ERR_CORE_MACHINE_UNSUPPORTED and ERR_CORE_TOO_LARGE.
 */
export async function planCore(images: ImageSet, pid: number, options: SignalOptions = {}): Promise<CoreFile> {
  const process = (await readProcesses(images, options)).find((each) => each.pid === pid);
  if (process === undefined) throw checkpointError('ERR_CORE_NO_PROCESS', `the checkpoint holds no process ${pid}`);
  return planCoreOf(images, process, await readFileTable(images, options), options);
}

/** Bytes of all pages images, of earlier dumps too. */
function storedBytes(images: ImageSet): bigint {
  let sum = 0n;
  for (let set: ImageSet | undefined = images; set; set = set.parent) {
    for (const id of set.ids('pages')) sum += BigInt(set.source('pages', id)?.size ?? 0);
  }
  return sum;
}

/** A process that has ended has none; of any other it is lost. */
function withoutMemory(images: ImageSet, { pid, state }: Process): Error {
  if (state === 'dead') return checkpointError('ERR_CORE_NO_MEMORY', `process ${pid} has no memory: it is dead`);
  const names = (['core', 'mm', 'pagemap'] as const).flatMap((kind) =>
    images.source(kind, pid) === undefined ? [fileNameOf(kind, pid)] : [],
  );
  const lost = names.length === 0 ? 'its images cannot be read' : `missing: ${names.join(', ')}`;
  return checkpointError('ERR_CORE_NO_MEMORY', `the memory of process ${pid} is not in the checkpoint; ${lost}`, {
    hint:
      state === 'unknown'
        ? 'the process had ended, or its images were lost: look for them where the checkpoint was made'
        : 'its images were lost: look for them where the checkpoint was made',
  });
}

/** As planCore, where processes and files have been read already. */
export async function planCoreOf(
  images: ImageSet,
  process: Process,
  files: FileTable,
  options: SignalOptions = {},
): Promise<CoreFile> {
  const { pid } = process;
  const space = await openAddressSpace(images, pid, options);
  if (space === undefined) throw withoutMemory(images, process);
  const { machine } = await firstThread(images, process, options);
  const stored = storedBytes(images);
  const { segments, facts, overlapping } = await planMemory(space, SHARED_BYTES + stored * SHARED_TIMES, options);
  const report = images.reporter('mm', pid);
  if (overlapping > 0) {
    report({ id: 'vma-overlapping', severity: 'error', message: `${overlapping} VMAs begin inside another one` });
  }
  const notes = new Notes(images, process, space, files);
  const { bytes, threads } = await notes.measure(options);
  const layout = layOut(segments, bytes, space.pageSize);
  return {
    pid,
    comm: process.comm,
    machine: machine.name,
    size: layout.size,
    threads,
    segments: segments.length,
    memory: facts,
    async *parts(reading = {}) {
      yield* headers(machine.elfMachine, segments, layout, space.pageSize);
      let offset = layout.notes;
      for await (const note of notes.encoded(reading)) {
        yield { offset, bytes: note };
        offset += note.length;
      }
      for (const [index, segment] of segments.entries()) {
        yield* memoryOf(space, segment, layout.offsets[index] ?? 0, reading);
      }
    },
  };
}

/** The notes of a process, made anew each time they are asked for: those of ten thousand threads take room. */
class Notes {
  readonly #images: ImageSet;
  readonly #process: Process;
  readonly #space: AddressSpace;
  readonly #files: FileTable;

  constructor(images: ImageSet, process: Process, space: AddressSpace, files: FileTable) {
    this.#images = images;
    this.#process = process;
    this.#space = space;
    this.#files = files;
  }

  async measure(options: SignalOptions): Promise<{ bytes: number; threads: number }> {
    let [bytes, threads] = [0, 0];
    for await (const note of this.encoded(options)) bytes += note.length;
    for await (const _ of readThreadStates(this.#images, this.#process, options)) threads += 1;
    return { bytes, threads };
  }

  /** The order is the kernel's: what concerns the process stands among the notes of its first thread. */
  async *encoded(options: SignalOptions): AsyncGenerator<Uint8Array, void, undefined> {
    let isFirst = true;
    for await (const { tid, core, registers, machine } of readThreadStates(this.#images, this.#process, options)) {
      yield encodeNote(prstatus(core, tid, this.#process, registers));
      if (isFirst) {
        yield encodeNote(prpsinfo(core, this.#process, await this.#commandLine(options)));
        yield encodeNote(siginfo(core));
        if (this.#space.mm !== undefined) yield encodeNote(auxv(this.#space.mm));
        yield encodeNote(this.#mappedFiles());
      }
      for (const note of machine.notes(core)) yield encodeNote(note);
      isFirst = false;
    }
  }

  async #commandLine(options: SignalOptions): Promise<Uint8Array> {
    const { mmArgStart, mmArgEnd } = this.#space.mm ?? { mmArgStart: 0n, mmArgEnd: 0n };
    const length = mmArgEnd - mmArgStart;
    const bytes = new Uint8Array(length <= 0n ? 0 : length < BigInt(PSARGS) ? Number(length) : PSARGS);
    await this.#space.read(mmArgStart, bytes, options);
    return bytes;
  }

  #mappedFiles() {
    const { note, dropped } = fileNote(this.#space, this.#files);
    if (dropped > 0) {
      const message = `${dropped} mapped files are left out of the core: their names are too long`;
      this.#images.reporter('mm', this.#process.pid)({ id: 'core-files-dropped', severity: 'warning', message });
    }
    return note;
  }
}

interface Layout {
  notes: number;
  noteBytes: number;
  /** Where each segment begins in the file. */
  offsets: Float64Array;
  size: number;
}

function layOut(segments: readonly Segment[], noteBytes: number, pageSize: number): Layout {
  const notes = headerBytes(segments.length + 1);
  const offsets = new Float64Array(segments.length);
  let at = notes + noteBytes;
  for (const [index, { vaddr, fileBytes }] of segments.entries()) {
    // Offset and address agree within the page, so that a reader may map the file.
    offsets[index] = Math.ceil(at / pageSize) * pageSize + Number(vaddr % BigInt(pageSize));
    if (fileBytes > 0) at = (offsets[index] ?? 0) + fileBytes;
  }
  return { notes, noteBytes, offsets, size: at };
}

/** Program headers a batch: a write for each would be slow. */
const BATCH = 4096;

function* headers(machine: number, segments: readonly Segment[], layout: Layout, align: number): Generator<CorePart> {
  const count = segments.length + 1;
  let offset = 0;
  const part = (...pieces: Uint8Array[]) => {
    const bytes = Buffer.concat(pieces);
    offset += bytes.length;
    return { offset: offset - bytes.length, bytes };
  };
  const { notes, noteBytes, offsets } = layout;
  const note = {
    type: PT_NOTE,
    flags: 0,
    offset: notes,
    vaddr: 0n,
    fileBytes: noteBytes,
    memoryBytes: 0n,
    align: 4,
  } as const;
  yield part(encodeFileHeader(machine, count), encodeProgramHeader(note));
  for (let from = 0; from < segments.length; from += BATCH) {
    const batch = segments.slice(from, from + BATCH).map(({ known, vaddr, bytes, fileBytes, flags }, index) => {
      const place = { offset: offsets[from + index] ?? 0, vaddr, fileBytes, memoryBytes: bytes, align };
      return encodeProgramHeader({ type: known ? PT_LOAD : PT_NULL, flags, ...place });
    });
    yield part(...batch);
  }
  if (count >= PN_XNUM) yield part(encodeExtendedCount(count));
}

/** The captured bytes of a segment. */
async function* memoryOf(
  space: AddressSpace,
  { vaddr, fileBytes }: Segment,
  offset: number,
  options: SignalOptions,
): AsyncGenerator<CorePart, void, undefined> {
  const buffer = new Uint8Array(Math.min(CHUNK, fileBytes));
  for (let done = 0; done < fileBytes; done += buffer.length) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, fileBytes - done));
    const from = vaddr + BigInt(done);
    for (const range of await space.read(from, chunk, options)) {
      if (range.state !== 'captured') continue;
      const at = Number(range.vaddr - from);
      yield { offset: offset + done + at, bytes: chunk.subarray(at, at + range.bytes) };
    }
  }
}
