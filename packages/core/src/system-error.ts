/** What the system refused, as an error with a code of its own: `ENOENT: no such file…` tells nobody what to do. */
import { coreError } from './core-errors.ts';
import { messageOf, type StillframeError, systemCode } from './errors.ts';

type Code = Parameters<typeof coreError>[0];

const UNKNOWN = ['ERR_SYSTEM_REFUSED', ''] as const;

/** By the system's code: ours, and the fact behind the path. */
const FACTS: Readonly<Record<string, readonly [code: Code, fact: string]>> = {
  ENOENT: ['ERR_PATH_MISSING', 'does not exist'],
  ENOTDIR: ['ERR_PATH_MISSING', 'leads through something that is no folder'],
  ELOOP: ['ERR_PATH_MISSING', 'leads in a circle of links'],
  EEXIST: ['ERR_PATH_TAKEN', 'exists already'],
  EISDIR: ['ERR_PATH_WRONG', 'is a folder, not a file'],
  ENAMETOOLONG: ['ERR_PATH_WRONG', 'is longer than a path may be'],
  EACCES: ['ERR_PATH_DENIED', 'may not be used by this user'],
  EPERM: ['ERR_PATH_DENIED', 'may not be used by this user'],
  EROFS: ['ERR_PATH_DENIED', 'is on a filesystem that is read-only'],
  ENOSPC: ['ERR_DISK_FULL', 'has no room left on its filesystem'],
  EDQUOT: ['ERR_DISK_FULL', 'is beyond the quota of this user'],
};

/** Undefined for anything that is no refusal of the system. */
export function typedSystemError(error: unknown): StillframeError | undefined {
  const code = systemCode(error);
  if (code === undefined || !(error instanceof Error) || !('syscall' in error)) return undefined;
  const [own] = FACTS[code] ?? UNKNOWN;
  const path =
    'dest' in error && typeof error.dest === 'string' ? error.dest : 'path' in error ? error.path : undefined;
  const what = typeof path === 'string' ? asked(path) : `what was asked of the system (${String(error.syscall)})`;
  return coreError(own, `${what} ${systemFact(error)}`, { cause: error, details: { code } });
}

/** What the system says of a path, to stand behind it: `does not exist`. */
export function systemFact(error: unknown): string {
  const code = systemCode(error);
  return (code !== undefined && FACTS[code]?.[1]) || `cannot be used (${code ?? messageOf(error)})`;
}

/** What holds of a temporary name holds of its folder, which is what somebody asked for. */
function asked(path: string): string {
  return path.replace(/\/\.stillframe-[^/]*$/, '') || '/';
}
