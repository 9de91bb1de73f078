/** What was captured, when, by whom, and whether it still is what was captured. */

/** One checkpoint on the desk. */
export interface CaseName {
  /** In paths: `0`, `1`… */
  readonly id: string;
  /** Of the archive, without folders. */
  readonly name: string;
  /** Whether a node can make a copy of it. */
  readonly isRestorable: boolean;
}

export interface DeskFacts {
  readonly version: string;
  /** Whether there is a running node beside the checkpoints. */
  readonly hasNode: boolean;
  /** Whether it searches by YARA rules. */
  readonly hasYara: boolean;
  readonly cases: readonly CaseName[];
}

/** A fault of the evidence. */
export interface Fault {
  readonly severity: string;
  readonly source: string;
  readonly message: string;
}

/** One check of the evidence beside the archive. */
export interface Check {
  readonly name: string;
  readonly state: 'holds' | 'fails' | 'unchecked';
  readonly text: string;
}

export interface Overview {
  readonly archive: { readonly name: string; readonly bytes: number | null; readonly entries: number };
  readonly engine: string | null;
  readonly container: {
    readonly id: string | null;
    readonly name: string | null;
    readonly podName: string | null;
    readonly kubeNamespace: string | null;
    readonly image: string | null;
    readonly imageId: string | null;
    readonly ociRuntime: string | null;
    readonly address: string | null;
  };
  /** RFC 3339 as the archive has it. */
  readonly created: string | null;
  readonly checkpointed: string | null;
  readonly restored: boolean | null;
  /** Microseconds that the container stood still, as the archive has it; null where it does not say. */
  readonly pause: number | null;
  /** Microseconds of CRIU's own account. */
  readonly frozen: number | null;
  readonly counts: {
    readonly processes: number;
    readonly threads: number;
    /** Bytes of memory in pages images of the archive. */
    readonly memory: number;
    readonly entries: number;
  };
  /** Parts without which nothing can be restored, and that are not there. */
  readonly missing: readonly string[];
  readonly faults: readonly Fault[];
}

/** What the evidence beside the archive says, and whether it holds: the whole archive is read for it. */
export interface Integrity {
  /** Null where no evidence lies beside the archive. */
  readonly checks: readonly Check[] | null;
  /** Microseconds that the container stood still, or at most; null where the evidence does not say. */
  readonly pause: number | null;
  readonly pauseAtMost: number | null;
  readonly askedBy: readonly string[];
  readonly node: string | null;
  readonly notCaptured: readonly string[];
  readonly altered: readonly string[];
}
