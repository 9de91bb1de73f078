/** Which objects of the kernel a process uses (task_kobj_ids_entry). Equal numbers of two processes mean a shared object. */
import type { task_kobj_ids_entry } from '@stillframe/criu-image/proto';
import { recorded } from '../recorded.ts';

/** CRIU's own numbers, not those of the kernel; undefined where none was recorded. */
export interface KernelObjects {
  /** The address space, shared by vfork and CLONE_VM. */
  readonly memory: number;
  readonly files: number;
  /** Working folder, root and umask. */
  readonly fs: number;
  readonly signalHandlers: number;
  readonly namespaces: Namespaces;
}

/** Numbers of the namespaces; those of images such as `netns-9.img`. */
export interface Namespaces {
  readonly pid: number | undefined;
  readonly net: number | undefined;
  readonly ipc: number | undefined;
  readonly uts: number | undefined;
  readonly mnt: number | undefined;
  readonly user: number | undefined;
  readonly cgroup: number | undefined;
  readonly time: number | undefined;
}

/** Reads ids-PID.img or what the core image has of it. */
export function kernelObjectsOf(ids: task_kobj_ids_entry): KernelObjects {
  return {
    memory: ids.vmId,
    files: ids.filesId,
    fs: ids.fsId,
    signalHandlers: ids.sighandId,
    namespaces: {
      pid: recorded(ids, 'pidNsId'),
      net: recorded(ids, 'netNsId'),
      ipc: recorded(ids, 'ipcNsId'),
      uts: recorded(ids, 'utsNsId'),
      mnt: recorded(ids, 'mntNsId'),
      user: recorded(ids, 'userNsId'),
      cgroup: recorded(ids, 'cgroupNsId'),
      time: recorded(ids, 'timeNsId'),
    },
  };
}
