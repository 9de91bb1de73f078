/** Processes, and everything of one of them. */

/** One process. Arguments are without what looks like a secret. */
export interface ProcessFacts {
  readonly pid: number;
  /** 0 for the root of the tree. */
  readonly ppid: number;
  readonly name: string | null;
  readonly state: string;
  readonly threads: number;
  readonly user: number | null;
  /** Null where they could not be read. */
  readonly arguments: readonly string[] | null;
}

export interface ProcessList {
  /** Parents before their children, in the order of the tree. */
  readonly processes: readonly (ProcessFacts & { readonly depth: number })[];
  /** How many there are; the list holds the first ones. */
  readonly total: number;
}

export interface ThreadFacts {
  readonly tid: number;
  readonly name: string | null;
  readonly state: string;
}

export interface CredentialFacts {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly gid: number;
  readonly egid: number;
  readonly groups: readonly number[];
  readonly effective: readonly string[];
  readonly bounding: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly securityProfile: string | null;
  readonly seccomp: string | null;
}

export interface OpenFileFacts {
  readonly fd: string;
  /** `file`, `pipe`, `inet-socket`… */
  readonly type: string;
  readonly name: string;
  /** open(2) flags by name. */
  readonly flags: readonly string[];
  readonly position: number | null;
  readonly deleted: boolean;
  /** CRIU's id of the open file. */
  readonly fileId: number;
  /** How many fds of all processes lead to it. */
  readonly holders: number;
}

export interface ProcessPage extends ProcessFacts {
  readonly sid: number;
  readonly pgid: number;
  readonly executable: string | null;
  readonly executableDeleted: boolean;
  readonly workingFolder: string | null;
  readonly root: string | null;
  readonly children: readonly { readonly pid: number; readonly name: string | null }[];
  readonly threadList: readonly ThreadFacts[];
  readonly credentials: CredentialFacts | null;
  readonly files: readonly OpenFileFacts[];
  readonly filesTotal: number;
  readonly mappings: number;
  /** Bytes of memory that the checkpoint holds of it. */
  readonly captured: number;
}

export interface VariableFacts {
  /** `kept`, `changed`, `added` or `removed` since the program started, or `unknown`. */
  readonly since: string;
  /** Beside what the container was given: `same`, `other`, `not`, `missing`, `unknown`. */
  readonly declared: string;
  readonly text: string;
}

export interface EnvironmentAnswer {
  readonly variables: readonly VariableFacts[];
  /** Whether the process has written over its variables. */
  readonly overwritten: boolean;
  readonly absent: string | null;
}
