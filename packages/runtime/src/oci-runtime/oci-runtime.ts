/** The port to an OCI runtime: what the node needs of runc or crun, and nothing of how they are run. */

import type { OciSpec } from '../container/spec.ts';

export interface OciState {
  status: 'creating' | 'created' | 'running' | 'stopped' | 'paused';
  /** Host pid of the first process; 0 when stopped. */
  pid: number;
}

/** A bundle and the files around it, all absolute paths. */
export interface Bundle {
  containerID: string;
  folder: string;
  logPath: string;
  /** Whether stdin is kept open for an attached client. */
  stdin: boolean;
  /** Standard input closes with the first client that leaves. */
  stdinOnce?: boolean;
  terminal: boolean;
}

export interface RestoreRequest {
  /** Folder with the CRIU image set. */
  imagePath: string;
  /** Network namespace, as a file, that CRIU itself works in; for a dump that had none of its own. */
  network?: string;
  /** Flags of the OCI runtime's restore command, such as `--tcp-established`. */
  options: readonly string[];
}

export interface DumpRequest {
  imagePath: string;
  /** Folder of dump.log and stats-dump. */
  workPath: string;
  leaveRunning: boolean;
  options: readonly string[];
  /** Gives the dump up; only for one that leaves the container running. */
  signal?: AbortSignal | undefined;
}

/** What an exec needs on disk, all absolute paths. */
export interface ExecFiles {
  readonly containerID: string;
  /** Empty, and of this exec alone. */
  readonly folder: string;
  /** `process` of the runtime specification. */
  readonly processFile: string;
  /** Where the process's pid on the host is written once it runs. */
  readonly pidFile: string;
  readonly terminal: boolean;
}

/** Every call throws ERR_PROCESS_FAILED with the runtime's own words, unless it says otherwise. */
export interface OciRuntime {
  readonly name: string;
  readonly version: string;
  /** Changes a specification where this runtime wants it otherwise; `rootfs` is mounted. */
  fit?(spec: OciSpec, rootfs: string): Promise<OciSpec>;
  /** Whether it keeps a container of that id, running or not. */
  holds(containerID: string): boolean;
  /** Creates the container under a monitor that outlives the node; returns the pid of its waiting first process. */
  create(bundle: Bundle): Promise<number>;
  /** Restores under a monitor; the container runs when this returns. Throws ERR_RESTORE_FAILED. */
  restore(bundle: Bundle, request: RestoreRequest): Promise<number>;
  start(containerID: string): Promise<void>;
  /** Undefined where the runtime does not know the container. */
  state(containerID: string): Promise<OciState | undefined>;
  /** Does nothing where the container is gone already. */
  kill(containerID: string, signal: string): Promise<void>;
  /** Kills every process of the container at once; does nothing where it is gone already. */
  killAll(containerID: string): Promise<void>;
  /** Changes cgroup settings; `resources` is in the shape of `linux.resources` of config.json. */
  update(containerID: string, resources: Readonly<Record<string, unknown>>): Promise<void>;
  /** Removes what the runtime keeps, killing what runs; does nothing where it is gone already. */
  delete(containerID: string): Promise<void>;
  /**
   * The command that runs one more process in a container, for the caller to spawn; it ends with that process and its
   * exit code, and its standard streams are the process's own, or lead to its terminal where the spawned one has a
   * terminal, too.
   */
  execCommand(files: ExecFiles): { argv: readonly string[]; env: Readonly<Record<string, string | undefined>> };
  pause(containerID: string): Promise<void>;
  resume(containerID: string): Promise<void>;
  /**
   * Dumps with CRIU, which is never killed: that leaves damaged processes. An aborted dump loses the folder that CRIU
   * writes into; CRIU fails at the next image that it opens, puts the processes right and ends, as it does on a full
   * disk. At worst that is when the memory of the process at hand is written. Then throws the signal's reason.
   */
  checkpoint(containerID: string, request: DumpRequest): Promise<void>;
}
