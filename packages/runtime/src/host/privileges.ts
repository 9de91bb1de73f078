/** Root and its capabilities: what CRIU and runc may do here. */
import { readFile } from 'node:fs/promises';
import { effectiveCapabilities } from './capabilities.ts';
import type { CheckResult, HostCheck } from './check.ts';

/** Without these nothing can be dumped or restored at all. */
const NEEDED = [
  'CAP_SYS_ADMIN',
  'CAP_SYS_PTRACE',
  'CAP_NET_ADMIN',
  'CAP_SYS_CHROOT',
  'CAP_SETUID',
  'CAP_SETGID',
  'CAP_DAC_OVERRIDE',
  'CAP_KILL',
  'CAP_MKNOD',
];

/** Without these some containers cannot be, and what that means. */
const WANTED: readonly { name: string; means: string }[] = [
  { name: 'CAP_SYS_RESOURCE', means: 'processes of other users than root cannot be dumped, limits cannot be raised' },
  { name: 'CAP_CHECKPOINT_RESTORE', means: 'process ids cannot be chosen at a restore on some kernels' },
  { name: 'CAP_SYS_TIME', means: 'time namespaces cannot be restored' },
  { name: 'CAP_AUDIT_CONTROL', means: 'login ids of processes cannot be restored' },
];

export const privileges: HostCheck = {
  id: 'privileges',
  title: 'root and capabilities',
  required: true,
  async probe() {
    return judgePrivileges(process.geteuid?.(), await readFile('/proc/self/status', 'utf8'));
  },
};

/** Judges an effective user id and the text of /proc/self/status. */
export function judgePrivileges(uid: number | undefined, status: string): CheckResult {
  if (uid !== 0) {
    return { status: 'missing', found: `user id ${uid ?? 'unknown'}`, remedy: 'run as root, for example by sudo' };
  }
  const held = effectiveCapabilities(status);
  if (!held) return { status: 'unknown', found: 'no CapEff line in /proc/self/status' };
  const lacking = NEEDED.filter((name) => !held.has(name));
  if (lacking.length > 0) {
    const remedy = 'run on the host itself or in a privileged container';
    return { status: 'broken', found: `root without ${lacking.join(', ')}`, remedy };
  }
  const limits = WANTED.filter(({ name }) => !held.has(name));
  if (limits.length === 0) return { status: 'ok', found: `root with ${held.size} capabilities` };
  return {
    status: 'limited',
    found: `root without ${limits.map(({ name, means }) => `${name} (${means})`).join(', ')}`,
    remedy: 'start with the missing capability to lift this limit; other containers work as they are',
  };
}
