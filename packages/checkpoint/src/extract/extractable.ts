/** What can be taken out of a checkpoint, and how a kind of it is listed. */
import type { SignalOptions } from '@stillframe/criu-image';
import type { Archive } from '../archive/open.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { FileTable } from '../fd/file-table.ts';
import type { PathDescriptor } from '../fd/open-files.ts';
import type { Process } from '../process/process-tree.ts';
import type { Content } from './content.ts';
import type { Holders } from './holders.ts';

/** The kinds, in the words of the command line. */
export type ExtractKind =
  | 'ghost'
  | 'memfd'
  | 'shm'
  | 'tmpfs'
  | 'pipe'
  | 'fifo'
  | 'socket'
  | 'tcp'
  | 'tty'
  | 'ipc'
  | 'env'
  | 'rootfs'
  | 'log'
  | 'metadata'
  | 'memory';

/** Who has a thing: by an fd, by a mapping, as what it runs or stands in, or because a message that nobody has read brings it. */
export type Holder =
  | { readonly pid: number; readonly fd: number }
  /** `offset`: which byte of the thing lies at `start`. */
  | { readonly pid: number; readonly start: bigint; readonly end: bigint; readonly offset: bigint }
  | { readonly pid: number; readonly as: PathDescriptor }
  /** In flight: in the queue of the socket with that file id. */
  | { readonly inQueueOf: number };

/** One file that can be written. All text in it is raw. */
export interface ExtractableFile {
  readonly form: 'file';
  readonly kind: ExtractKind;
  /** Names it among those of its kind. Of the reader's own making, but for paths of `rootfs`, `log` and `metadata`. */
  readonly id: string;
  /** Where one thing gives several files: `received`, `sent`, `pcap`, `environ`, `cmdline`. */
  readonly part?: string | undefined;
  /** Name of the file to write, not yet made safe where it is a path of the evidence. */
  readonly file: string;
  /** What the evidence calls it: a path, the name of a memfd, an address. */
  readonly name: string | undefined;
  /** The CRIU image or archive entry that holds it. */
  readonly source: { readonly image: string; readonly offset?: number | undefined };
  readonly holders: readonly Holder[];
  /** What else is known, ready for JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Undefined where there is none, with the reason. */
  readonly content: Content | undefined;
  readonly without?: string | undefined;
  /** A queue with nothing in it is told, and no file is made of it. */
  readonly isQueue?: true | undefined;
}

/** A tree of files in a tar of its own. */
export interface ExtractableTree {
  readonly form: 'tree';
  readonly kind: ExtractKind;
  readonly id: string;
  readonly part?: undefined;
  /** Name of the folder to write. */
  readonly file: string;
  readonly name: string | undefined;
  readonly source: { readonly image: string; readonly offset?: number | undefined };
  readonly holders: readonly Holder[];
  readonly facts: Readonly<Record<string, unknown>>;
  /** Bytes of the tar as it lies there, compressed where it is. */
  readonly packed: bigint;
  /** Whether files of the tree are named by their paths, as `rootfs:etc/passwd`. */
  readonly byPath: boolean;
  /** Only these of its files, or below these folders. */
  readonly only?: readonly string[] | undefined;
  /** Throws what openArchive throws; undefined where it is empty. */
  open(options?: SignalOptions): Promise<Archive | undefined>;
}

/** Something that can be taken out. */
export type Extractable = ExtractableFile | ExtractableTree;

/** What all kinds are listed from; read once. */
export interface ExtractContext {
  readonly checkpoint: Checkpoint;
  readonly processes: readonly Process[];
  /** Not `files`: a context is handed on as options, and there that are files to read memory from. */
  readonly fileTable: FileTable;
  readonly holders: Holders;
  readonly signal: AbortSignal | undefined;
}

/** One kind. */
export interface Extractor {
  readonly kind: ExtractKind;
  /** For people, in a few words. */
  readonly summary: string;
  list(context: ExtractContext): AsyncGenerator<Extractable, void, undefined>;
}
