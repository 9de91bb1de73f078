/** THE table of host checks, in the order in which they are shown. A new check is one file and one line here. */
import { cgroups } from './cgroups.ts';
import type { HostCheck } from './check.ts';
import { cniPlugins } from './cni.ts';
import { criu, softDirty } from './criu.ts';
import { disk } from './disk.ts';
import { gnuTar, helperPrograms, recorder } from './helper-programs.ts';
import { kernel } from './kernel.ts';
import { networkLock } from './network-lock.ts';
import { catatonit, conmon, crun, runc } from './oci-runtimes.ts';
import { privileges } from './privileges.ts';
import { openFiles } from './rlimits.ts';
import { userNamespaces } from './user-namespaces.ts';

export const hostChecks: readonly HostCheck[] = [
  kernel,
  privileges,
  cgroups,
  criu,
  runc,
  crun,
  conmon,
  catatonit,
  userNamespaces,
  recorder,
  networkLock,
  softDirty,
  cniPlugins,
  helperPrograms,
  gnuTar,
  disk,
  openFiles,
];
