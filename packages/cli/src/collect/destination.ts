/** Where archives are put: what a destination is given, and what it promises. */
import type { Checkpoint } from '@stillframe/checkpoint';
import type { Digest } from '@stillframe/core';
import type { FoundEvidence } from '../image/evidence.ts';
import type { Findings } from './findings.ts';
import type { BegunUpload, Placed } from './record.ts';

/** An archive that was read whole and has its evidence. */
export interface ReadyArchive {
  /** The name that the kubelet gave. */
  readonly name: string;
  /** Leads to its bytes, for as long as it is being placed. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  readonly evidence: FoundEvidence;
  /** An upload that an earlier process began. */
  readonly upload: BegunUpload | undefined;
}

/** What goes with every call to a destination. */
export interface PlacingOptions {
  readonly signal: AbortSignal;
  /** A sign of life: bytes of the archive that are on their way. */
  onProgress(bytes: number): void;
  /** Keeps what a later process needs to go on; nothing once that is over. */
  keepUpload(upload: BegunUpload | undefined): Promise<void>;
}

/** A destination. What it is given twice is there once. */
export interface Destination {
  /** As the user wrote it, without what is secret. */
  readonly text: string;
  /**
   * Puts an archive and its evidence there, whole and verified, or throws: the errors of the store, and ERR_ARCHIVE_CHANGED or
   * ERR_CHECKPOINT_… where the archive is to blame.
   */
  place(archive: ReadyArchive, options: PlacingOptions): Promise<Placed>;
  /** Puts what was found in an archive beside it, once it is placed; what is there already stays. Throws the errors of the store. */
  placeFindings(archive: ReadyArchive, findings: Findings, signal: AbortSignal): Promise<void>;
  /** Whether what was placed is there still, with its evidence; asked before an archive is removed here. Throws the errors of the store. */
  holds(archive: { readonly name: string; readonly digest: Digest }, signal: AbortSignal): Promise<boolean>;
  /** Lets go of an upload whose archive is gone. */
  abandon?(upload: BegunUpload, signal: AbortSignal): Promise<void>;
}
