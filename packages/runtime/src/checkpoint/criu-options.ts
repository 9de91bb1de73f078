/**
 * CRIU options that neither the CRI nor runc's command line carries. They go through a CRIU configuration file, named
 * by the specification's annotation `org.criu.config`, whose settings override the OCI runtime's (criu.txt).
 */
import { writeTextAtomically } from '@stillframe/core/file';
import { runtimeError } from '../errors.ts';

const PREFIX = 'io.stillframe.criu/';
/** How an option that only a restore may heed is noted: as a comment of CRIU's configuration format. */
export const RESTORE_CLOSE = '# tcp-close';
/** Every option, and `leave-running` and `timeout`, which are the node's own to heed. */
const NAMES = new Set([
  ...['tcp-established', 'tcp-close', 'skip-in-flight', 'file-locks', 'ghost-limit', 'network-lock'],
  ...['link-remap', 'ext-unix-sk', 'manage-cgroups', 'leave-running', 'timeout'],
]);
const DEFAULT_GHOST_LIMIT = 64 << 20;

export interface CriuOptions {
  /** Dump and restore connected TCP sockets. On by default: a capture must not fail because somebody is connected. */
  tcpEstablished: boolean;
  /** Leave out connections that are still being made. */
  skipInFlight: boolean;
  /** Dump and restore file locks. On by default: without it a lock makes the dump fail after the whole freeze. */
  fileLocks: boolean;
  /** Largest deleted-but-open file that is captured, bytes. */
  ghostLimit: number;
  networkLock: 'nftables' | 'iptables' | 'skip';
  /** Restore connected TCP sockets closed, whatever the dump holds of them. Heeded by a restore alone. */
  tcpClose: boolean;
  /** Give open files that lost their name and have others a name in their folder while the dump lasts. */
  linkRemap: boolean;
  /** Dump Unix sockets whose other end is outside of the container. */
  extUnixSk: boolean;
  /** What CRIU does with cgroups besides what the OCI runtime does. */
  manageCgroups: (typeof CGROUP_MODES)[number];
}

/** Modes that the OCI runtime's command line knows, first the one it takes by itself. */
const CGROUP_MODES = ['soft', 'full', 'strict', 'ignore'] as const;

/** Options from a container's annotations, `io.stillframe.criu/<option>`. Throws ERR_CONTAINER_INVALID for a bad value. */
export function criuOptionsOf(
  annotations: Readonly<Record<string, string>>,
  networkLock: CriuOptions['networkLock'],
): CriuOptions {
  const flag = (name: string, fallback: boolean): boolean => {
    const value = annotations[PREFIX + name];
    if (value === undefined || value === String(fallback)) return fallback;
    if (value === String(!fallback)) return !fallback;
    throw invalid(name, value, '"true" or "false"');
  };
  const limit = annotations[`${PREFIX}ghost-limit`] ?? String(DEFAULT_GHOST_LIMIT);
  const ghostLimit = Number(limit);
  // Number() takes '', '0x10' and blanks as well.
  if (!/^\d{1,10}$/.test(limit) || ghostLimit >= 2 ** 32) throw invalid('ghost-limit', limit, 'bytes below 4 GiB');
  const lock = annotations[`${PREFIX}network-lock`] ?? networkLock;
  if (lock !== 'nftables' && lock !== 'iptables' && lock !== 'skip') {
    throw invalid('network-lock', lock, '"nftables", "iptables" or "skip"');
  }
  const cgroups = annotations[`${PREFIX}manage-cgroups`] ?? CGROUP_MODES[0];
  const manageCgroups = CGROUP_MODES.find((mode) => mode === cgroups);
  if (!manageCgroups) throw invalid('manage-cgroups', cgroups, CGROUP_MODES.join(', '));
  const unknown = Object.keys(annotations).find(
    (key) => key.startsWith(PREFIX) && !NAMES.has(key.slice(PREFIX.length)),
  );
  if (unknown !== undefined)
    throw runtimeError('ERR_CONTAINER_INVALID', `there is no CRIU option ${JSON.stringify(unknown)}`, {
      hint: 'docs/compatibility.md lists those that are known',
    });
  return {
    tcpEstablished: flag('tcp-established', true),
    skipInFlight: flag('skip-in-flight', false),
    fileLocks: flag('file-locks', true),
    ghostLimit,
    networkLock: lock,
    tcpClose: flag('tcp-close', false),
    linkRemap: flag('link-remap', false),
    extUnixSk: flag('ext-unix-sk', false),
    manageCgroups,
  };
}

/** Writes the configuration file; it is read anew by every dump and restore. */
export function writeCriuConfig(path: string, options: CriuOptions): Promise<void> {
  const lines = [
    options.tcpEstablished && 'tcp-established',
    options.skipInFlight && 'skip-in-flight',
    options.fileLocks && 'file-locks',
    options.linkRemap && 'link-remap',
    options.extUnixSk && 'ext-unix-sk',
    options.tcpClose && RESTORE_CLOSE,
    `ghost-limit ${options.ghostLimit}`,
    `network-lock ${options.networkLock}`,
  ];
  return writeTextAtomically(path, `${lines.filter(Boolean).join('\n')}\n`);
}

/** Flags of the OCI runtime's checkpoint and restore: its own word for cgroups overrides the configuration file's. */
export function ociFlags({ manageCgroups }: Pick<CriuOptions, 'manageCgroups'>): string[] {
  return manageCgroups === CGROUP_MODES[0] ? [] : ['--manage-cgroups-mode', manageCgroups];
}

/** Whether the container runs on after its checkpoint. Throws ERR_CONTAINER_INVALID for a bad value. */
export function leavesRunning(annotations: Readonly<Record<string, string>>): boolean {
  const value = annotations[`${PREFIX}leave-running`] ?? 'true';
  if (value !== 'true' && value !== 'false') throw invalid('leave-running', value, '"true" or "false"');
  return value === 'true';
}

/** Seconds that a capture may take, undefined where nothing is said. Throws ERR_CONTAINER_INVALID for a bad value. */
export function timeLimit(annotations: Readonly<Record<string, string>>): number | undefined {
  const value = annotations[`${PREFIX}timeout`];
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(value) || Number(value) > MOST_SECONDS) {
    throw invalid('timeout', value, `seconds from 1 to ${MOST_SECONDS}`);
  }
  return Number(value);
}

/** A day: longer than that is no limit. */
const MOST_SECONDS = 86_400;

function invalid(name: string, value: string, allowed: string) {
  return runtimeError('ERR_CONTAINER_INVALID', `annotation ${PREFIX}${name} is ${JSON.stringify(value)}`, {
    hint: `it takes ${allowed}`,
  });
}
