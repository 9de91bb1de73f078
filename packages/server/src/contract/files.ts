/** Files: what the container had changed, what it held open, and what is left of files that have no name any more. */

/** One path of the root filesystem. Facts of the file are null for one that was deleted. */
export interface ChangeFacts {
  readonly path: string;
  /** `added`, `changed`, `written` (without the image nobody can tell which), `replaced` or `deleted`. */
  readonly change: string;
  readonly type: string | null;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly size: number | null;
  /** Seconds since 1970. */
  readonly modified: number | null;
  readonly linkTarget: string | null;
  readonly flags: readonly string[];
}

export interface ChangeList {
  /** False where the engine recorded no changes, which is not the same as none. */
  readonly recorded: boolean;
  readonly changes: readonly ChangeFacts[];
  readonly total: number;
}

/** Something without a name in a filesystem whose bytes the checkpoint holds. */
export interface ThingFacts {
  /** As `stillframe extract` calls it: `ghost:5`. */
  readonly thing: string;
  readonly kind: string;
  readonly name: string | null;
  /** Null where there is no content, with the reason. */
  readonly bytes: number | null;
  readonly without: string | null;
  readonly pids: readonly number[];
}

export interface ThingList {
  readonly things: readonly ThingFacts[];
  readonly total: number;
}

export interface OpenFileRow {
  readonly pid: number;
  readonly process: string | null;
  readonly fd: string;
  readonly type: string;
  readonly name: string;
  readonly deleted: boolean;
}

export interface OpenFileList {
  readonly files: readonly OpenFileRow[];
  /** How many match; the list holds the first ones. */
  readonly total: number;
}

/** The first bytes of a file or thing. */
export interface Preview {
  readonly base64: string;
  /** Of the whole; null where that is more than these, and how much nobody knows. */
  readonly bytes: number | null;
  /** How it is saved: the last part of its name, before that is made safe. */
  readonly name: string;
}
