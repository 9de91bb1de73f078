/** Port: remembering uploads beyond the process that began them, so that a later one goes on where the registry stands. */
import type { Digest } from '@stillframe/core';

/** A blob on its way to a repository. */
export interface UploadKey {
  /** Host and port as in references. */
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
  readonly size: number;
}

/** How far an upload is known to have come. */
export interface UploadPlace {
  /** The session, with what the registry has put into its query; who knows it may write to that session. */
  readonly url: string;
  /** Bytes that the registry has said to have. */
  readonly offset: number;
}

/** One upload, of which no other process takes note at the same time. Disposal lets go of it and keeps what was noted. */
export interface UploadNote extends AsyncDisposable {
  /** What an earlier process left. */
  readonly left: UploadPlace | undefined;
  /** Replaces what is known. Never throws: without a note the upload only begins anew the next time. */
  keep(place: UploadPlace): Promise<void>;
  /** Once it is whole, or of no use any more. Never throws. */
  forget(): Promise<void>;
}

export interface UploadLedger {
  /** Takes what is known of an upload, unless a process that lives has it. Undefined where nothing can be noted. */
  open(key: UploadKey): Promise<UploadNote | undefined>;
}
