/** Mounts that no request has to declare. */

/** Destinations that every runtime makes by itself, or CRIU restores from its own images (checkpoint-spec, CRI-O's list). */
export const PROVIDED_MOUNTS: ReadonlySet<string> = new Set([
  ...['/proc', '/dev', '/dev/pts', '/dev/mqueue', '/dev/shm', '/sys', '/sys/fs/cgroup'],
  ...['/etc/resolv.conf', '/etc/hostname', '/etc/hosts', '/etc/passwd', '/etc/group'],
  ...['/run/secrets', '/run/.containerenv'],
]);
