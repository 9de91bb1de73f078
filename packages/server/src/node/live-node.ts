/** The port to a running node. Whoever starts the desk implements it: the server itself knows no runtime and no client of one. */
import type { CaseInput } from '../case.ts';
import type { CaptureOutcome, LiveCopy, LivePod, LogAnswer, PushedImage } from '../contract/index.ts';

/** What something under way is given: it ends with `signal`, and says what it does. */
export interface Watch {
  readonly signal: AbortSignal;
  /** A few words: `taking the checkpoint`; and how many bytes of that are done, where it is known. */
  told(stage: string, progress?: { readonly done: number; readonly total: number }): void;
}

/** An archive that has just been written, open. It stays whoever's who opened it to close. */
export interface Captured extends Omit<CaptureOutcome, 'one'> {
  readonly input: CaseInput;
}

/** A shell that runs. Disposing ends it. */
export interface LiveTerminal extends AsyncDisposable {
  /** What it writes, until it ends; where nobody reads on, it is held back. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when more can be taken. */
  write(bytes: Uint8Array): Promise<void>;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  /** How it ended, in raw words; undefined where it ended well. */
  readonly ended: Promise<string | undefined>;
}

/** Each method throws what the node says, as a StillframeError with its hint. Texts are raw. */
export interface LiveNode {
  /** Name and version of the runtime. */
  readonly runtime: string;
  readonly socket: string;
  /** Whether it knows forensic sandboxes and budgets of the pause. */
  readonly isOwn: boolean;
  /** Oldest first. */
  pods(signal: AbortSignal): Promise<readonly LivePod[]>;
  /** `mostPause`: as `500ms`, or empty. */
  capture(container: string, options: { mostPause: string }, watch: Watch): Promise<Captured>;
  /** A copy of what a CaseInput names as its `what`, in a forensic sandbox. */
  restore(
    what: string,
    options: { sinkhole: boolean; scrubTokens: boolean },
    watch: Watch,
  ): Promise<readonly LiveCopy[]>;
  /** Whether images are signed on request. */
  readonly canSign: boolean;
  /** The reference in full. Throws for one that names no registry: memory must not go to a public one because a word was left out. */
  registryTarget(reference: string): string;
  /** An image of what a CaseInput names as its `what`, which must be an archive in a file. */
  push(what: string, options: { reference: string; sign: boolean }, watch: Watch): Promise<PushedImage>;
  /** The last lines that a container has written. */
  log(container: string, signal: AbortSignal): Promise<Omit<LogAnswer, 'state'>>;
  /** A shell in a container, which must be one of a pod that this desk made. */
  terminal(
    container: string,
    size: { readonly columns: number; readonly rows: number },
    signal: AbortSignal,
  ): Promise<LiveTerminal>;
  /** Takes a pod away with all its containers. */
  remove(sandbox: string, watch: Watch): Promise<void>;
}
