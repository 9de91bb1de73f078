/**
 * Mounts whose owners are seen through a user namespace (mount_setattr(2), MOUNT_ATTR_IDMAP). mount(8) can do it from
 * util-linux 2.39 on, and Debian 12 has an older one; so Perl, which every Debian and Ubuntu has, makes the system calls.
 */
import { demand } from '../process/run.ts';

/** Numbers of system calls are those that all architectures share; constants are of linux/mount.h and linux/fcntl.h. */
const SCRIPT = `
use strict;
my ($file, $flags, @pairs) = @ARGV;
open(my $userns, '<', $file) or die "$file: $!\\n";
my $none = '';
while (my ($from, $to) = splice(@pairs, 0, 2)) {
  my $tree = syscall(428, -100, $from, 0x1 | 0x8000 | 02000000);          # open_tree: clone, recursive, close on exec
  $tree >= 0 or die "open_tree $from: $!\\n";
  my $attributes = pack('Q4', 0x100000 | $flags, 0, 0, fileno($userns));  # MOUNT_ATTR_IDMAP
  syscall(442, $tree, $none, 0x1000 | 0x8000, $attributes, 32) == 0 or die "mount_setattr $from: $!\\n";
  syscall(429, $tree, $none, -100, $to, 0x4) == 0 or die "move_mount $to: $!\\n";
}`;

export interface MappedMount {
  /** A folder or a file, absolute. */
  source: string;
  /** One that exists, of the same kind. */
  target: string;
}

/** Mounts each source at its target through the user namespace kept at `userns`. Throws ERR_PROCESS_FAILED. */
export async function mountMapped(
  userns: string,
  mounts: readonly MappedMount[],
  { readonly }: { readonly: boolean },
): Promise<void> {
  if (mounts.length === 0) return;
  const words = mounts.flatMap(({ source, target }) => [source, target]);
  // MOUNT_ATTR_RDONLY
  const flags = readonly ? '1' : '0';
  await demand(['perl', '-e', SCRIPT, userns, flags, ...words], { timeout: 30_000 });
}
