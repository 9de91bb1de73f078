/**
 * What the compromised container was given, and where each thing is in its checkpoint. Ready for JSON as it is: addresses are
 * `0x…`, bytes base 16, and a credential is in pieces, so that no document of it looks like one to a scanner of secrets.
 */

/** Pids are those in the checkpoint, fds those of the process. */
export interface Truth {
  /** A shell whose streams are one connection; the listener is in the same pod, in no process of this checkpoint. */
  readonly reverseShell: {
    pid: number;
    fds: readonly number[];
    remote: { address: string; port: number };
    folder: string;
  };
  /** Runs an ELF that was never on a filesystem. */
  readonly memfd: { pid: number; name: string; argument: string };
  /** Runs a file that was deleted after its start. */
  readonly deletedExecutable: { pid: number; path: string };
  /** Has the name of a thread of the kernel. */
  readonly kernelThread: { pid: number; name: string; argument: string; executable: string };
  /** Files without a name that are held open; `text` stands in them. */
  readonly deletedFiles: readonly { pid: number; fd: number; path: string; text: string }[];
  readonly changes: readonly PlantedChange[];
  readonly credentials: {
    readonly memory: readonly (PlantedText & { pid: number; address: string })[];
    readonly environment: readonly (PlantedText & { pid: number; variable: string })[];
    readonly files: readonly (PlantedText & { path: string })[];
  };
  /** Machine code where no file is. `running`: the instruction pointer of the main thread is in it. */
  readonly injected: readonly { pid: number; address: string; bytes: string; prot: number; running: boolean }[];
  /** Code of a mapped file that was changed in memory: `before` is what the file has. */
  readonly patched: readonly { pid: number; address: string; path: string; before: string; bytes: string }[];
  /** Started with a library of its own before all others. */
  readonly preload: { pid: number; library: string; executable: string };
  /** A port that neither image nor pod declare. */
  readonly listener: { pid: number; fd: number; port: number };
  readonly sniffer: { pid: number; packetFd: number; rawFd: number };
  readonly miner: { pid: number; arguments: readonly string[]; address: string; text: string; executable: string };
  /** A command line that holds a script in base 64. */
  readonly obfuscated: { pid: number; command: string; script: string };
  /** What was not planted, and why. */
  readonly leftOut: readonly { thing: string; why: string }[];
}

/** What was done to a path. `text` stands in the file. */
export interface PlantedChange {
  readonly what:
    | 'second-root'
    | 'cron'
    | 'profile'
    | 'library-preload'
    | 'setuid-shell'
    | 'authorized-keys'
    | 'web-shell'
    | 'truncated-log'
    | 'system-binary';
  readonly path: string;
  /** Against the image. */
  readonly change: 'added' | 'changed';
  readonly text?: string;
}

export type CredentialKind =
  | 'aws-access-key'
  | 'aws-secret-key'
  | 'github-token'
  | 'jwt'
  | 'private-key'
  | 'kubeconfig'
  | 'url-password';

/** A text in pieces: `textOf` puts them together. */
export interface PlantedText {
  readonly kind: CredentialKind;
  readonly pieces: readonly string[];
}

/** The text itself. */
export function textOf({ pieces }: PlantedText): string {
  return pieces.join('');
}

const PIECE = 12;

/** Pieces of a text that are too short to be taken for anything. */
export function piecesOf(text: string): readonly string[] {
  return text.match(new RegExp(`[^]{1,${PIECE}}`, 'g')) ?? [];
}
