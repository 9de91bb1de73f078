/** MS_* bits of a mount by the words of mount(8) and /proc/PID/mountinfo (linux/mount.h). */

const OPTIONS: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'ro'],
  [0x2, 'nosuid'],
  [0x4, 'nodev'],
  [0x8, 'noexec'],
  [0x10, 'sync'],
  [0x40, 'mand'],
  [0x80, 'dirsync'],
  [0x100, 'nosymfollow'],
  [0x400, 'noatime'],
  [0x800, 'nodiratime'],
  [0x1000, 'bind'],
  [0x4000, 'rec'],
  [0x8000, 'silent'],
  [0x10000, 'posixacl'],
  [0x200000, 'relatime'],
  [0x800000, 'iversion'],
  [0x1000000, 'strictatime'],
  [0x2000000, 'lazytime'],
];
const UNBINDABLE = 0x20000;
/** Bits that say how mounts spread: unbindable, private, slave, shared. */
const PROPAGATION = 0x1e0000;

/** `rw` or `ro`, then the rest, lowest bit first; a bit without a name as `0x…`. */
export function mountOptions(flags: number): readonly string[] {
  const names = OPTIONS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  const unknown = OPTIONS.reduce((rest, [bit]) => rest & ~bit, flags & ~PROPAGATION) >>> 0;
  return [...((flags & 1) === 0 ? ['rw'] : []), ...names, ...(unknown === 0 ? [] : [`0x${unknown.toString(16)}`])];
}

/** How mounts below spread to and from other mount namespaces; the numbers are those of peer groups. */
export interface Propagation {
  readonly mode: 'private' | 'shared' | 'slave' | 'shared-slave' | 'unbindable';
  readonly sharedId: number | undefined;
  readonly masterId: number | undefined;
}

/** A peer group of 0 is none. */
export function propagationOf(flags: number, sharedId: number, masterId: number): Propagation {
  const unbindable = (flags & UNBINDABLE) !== 0;
  const [shared, slave] = [sharedId !== 0, masterId !== 0];
  const mode = shared ? (slave ? 'shared-slave' : 'shared') : slave ? 'slave' : unbindable ? 'unbindable' : 'private';
  return { mode, sharedId: sharedId || undefined, masterId: masterId || undefined };
}
