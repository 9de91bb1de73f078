/** What the page may ask and what it is answered: plain data as JSON carries it. Addresses are hexadecimal texts, `0x7f00`. */
import type { CustodyAnswer, ExportList } from './custody.ts';
import type { DiffAnswer } from './diff.ts';
import type { ChangeList, OpenFileList, Preview, ThingList } from './files.ts';
import type { FindingList } from './findings.ts';
import type { BytesAnswer, MapList, MemoryTexts, SearchLine } from './memory.ts';
import type { SocketList } from './network.ts';
import type { Begun, LogAnswer, NodeAnswer } from './node.ts';
import type { DeskFacts, Integrity, Overview } from './overview.ts';
import type { EnvironmentAnswer, ProcessList, ProcessPage } from './processes.ts';
import type { TimelineAnswer } from './timeline.ts';

export type * from './custody.ts';
export type * from './diff.ts';
export type * from './files.ts';
export type * from './findings.ts';
export type * from './memory.ts';
export type * from './network.ts';
export type * from './node.ts';
export type * from './overview.ts';
export type * from './processes.ts';
export type * from './refusal.ts';
export type * from './terminal.ts';
export type * from './timeline.ts';

/** Questions about the desk as a whole: `/api/desk/NAME?asked`. */
export interface DeskContract {
  facts: { asked: Record<never, never>; answer: DeskFacts };
  /** Where a node runs. */
  node: { asked: Record<never, never>; answer: NodeAnswer };
  log: { asked: { container: string }; answer: LogAnswer };
}

/** What is done: posted to `/api/desk/NAME`, what is asked in the body as a form has it. What takes long goes on as a job. */
export interface Actions {
  /** `mostPause`: as `500ms`; it is refused where the container would stand still for longer. Empty for no such limit. */
  checkpoint: { asked: { container: string; mostPause: string }; answer: Begun };
  /** Of a checkpoint of the desk, into a forensic sandbox. */
  restore: { asked: { one: string; sinkhole: boolean; scrubTokens: boolean }; answer: Begun };
  /** An image of a checkpoint of the desk, to where a reference says that names its registry. */
  push: { asked: { one: string; reference: string; sign: boolean }; answer: Begun };
  /** Only of a pod that this desk made. */
  remove: { asked: { sandbox: string }; answer: Begun };
  /** Calls a job off, which then undoes what it did. */
  stop: { asked: { job: string }; answer: Record<never, never> };
}

/** Questions about one checkpoint by their name: what is asked, and the answer. The path is `/api/CASE/NAME?asked`. */
export interface Contract {
  overview: { asked: Record<never, never>; answer: Overview };
  /** Takes as long as reading the archive once. */
  integrity: { asked: Record<never, never>; answer: Integrity };
  processes: { asked: Record<never, never>; answer: ProcessList };
  process: { asked: { pid: number }; answer: ProcessPage };
  environment: { asked: { pid: number; reveal: boolean }; answer: EnvironmentAnswer };
  /** `memory`: whether the content of memory is judged, too, which takes longer. */
  findings: { asked: { memory: boolean }; answer: FindingList };
  maps: { asked: { pid: number }; answer: MapList };
  /** At most 64 KiB at a time. */
  memory: { asked: { pid: number; at: string; bytes: number }; answer: BytesAnswer };
  /** Texts of at least four characters that begin in these bytes. */
  strings: { asked: { pid: number; at: string; bytes: number }; answer: MemoryTexts };
  changes: { asked: Record<never, never>; answer: ChangeList };
  things: { asked: Record<never, never>; answer: ThingList };
  openfiles: { asked: { what: string }; answer: OpenFileList };
  /** Of a thing, of `rootfs:/etc/passwd`, or of a reference to the archive: `entry/…`, `image/…`, `mount/…`. */
  preview: { asked: { thing: string }; answer: Preview };
  /** `sibling`: `auto` goes by whether they are of one container. `memory`: whether pages are compared, which takes longer. */
  diff: { asked: { other: string; sibling: 'auto' | 'true' | 'false'; memory: boolean }; answer: DiffAnswer };
  custody: { asked: Record<never, never>; answer: CustodyAnswer };
  exports: { asked: Record<never, never>; answer: ExportList };
  sockets: { asked: Record<never, never>; answer: SocketList };
  /** `from` and `to`: empty for everything. `sources`: words with commas between, of what is listed. */
  timeline: { asked: { from: string; to: string; sources: string }; answer: TimelineAnswer };
}

/** Questions that are answered line by line, as things are found. */
export interface Streams {
  /** `pid`: 0 for all processes. */
  search: {
    asked: { what: string; as: 'text' | 'hex' | 'regex'; ignoreCase: boolean; pid: number };
    line: SearchLine;
  };
}

/** The same, where what is asked is too long for an address: posted to `/api/CASE/NAME`, as a form has it. */
export interface PostedStreams {
  /** YARA rules, at most 256 Ki characters, over memory. `pid`: 0 for all processes. */
  yara: { asked: { rules: string; pid: number }; line: SearchLine };
}

/** What is saved as a file, under `/api/CASE/NAME?asked`. */
export interface Downloads {
  export: { asked: { name: string } };
  download: { asked: { thing: string } };
}
