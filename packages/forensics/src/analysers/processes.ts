/** Processes with how they were called, what they run, and what they may do. */
import {
  type FileTarget,
  type OpenFiles,
  type PathDescriptor,
  readCommandLine,
  readTasks,
  type Task,
  type ThreadCredentials,
  type ThreadSeccomp,
} from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

/** What a process runs. */
export interface Executable {
  /** Path in the container; the name of the memfd where it is none of a filesystem; raw text. */
  readonly path: string;
  /** Whether the file had been deleted. */
  readonly deleted: boolean;
  /** A file that was never on a filesystem (memfd_create(2)). */
  readonly memfd: boolean;
  /** Type of the filesystem it lies on; undefined where the dump does not tell. */
  readonly filesystem: string | undefined;
}

/** One process. Pids are those in the checkpoint; texts are raw, `environment` may hold secrets. */
export interface ProcessRow {
  readonly pid: number;
  /** 0 for the root of the tree. */
  readonly ppid: number;
  readonly sid: number;
  readonly name: string | undefined;
  readonly state: Task['state'];
  /** Undefined where they could not be read. */
  readonly arguments: readonly string[] | undefined;
  readonly environment: readonly string[] | undefined;
  readonly executable: Executable | undefined;
  readonly workingFolder: string | undefined;
  readonly root: string | undefined;
  readonly threads: readonly { readonly tid: number; readonly name: string | undefined }[];
  /** Of the main thread. */
  readonly credentials: ThreadCredentials | undefined;
  readonly seccomp: ThreadSeccomp['mode'] | undefined;
}

export const processes: Analyser<readonly ProcessRow[]> = {
  title: 'processes',
  async read({ checkpoint, processes: all, open, signal }) {
    const rows: ProcessRow[] = [];
    const places = placesOf(open);
    for await (const task of readTasks(checkpoint.images, { processes: all, signal })) {
      const called = await readCommandLine(checkpoint.images, task.pid, { signal });
      const [main] = task.threads;
      const facts = main?.facts.state === 'present' ? main.facts : undefined;
      const at = (place: PathDescriptor) => places.get(`${task.pid} ${place}`);
      const exe = at('exe');
      rows.push({
        ...{ pid: task.pid, ppid: task.ppid, sid: task.sid, name: task.name, state: task.state },
        arguments: called.arguments.state === 'present' ? called.arguments.values : undefined,
        environment: called.environment.state === 'present' ? called.environment.values : undefined,
        executable: exe && executableOf(exe),
        workingFolder: pathOf(at('cwd')),
        root: pathOf(at('root')),
        threads: task.threads.map(({ tid, name }) => ({ tid, name })),
        credentials: facts?.credentials,
        seccomp: facts?.seccomp.mode,
      });
    }
    return rows;
  },
};

/** What each process runs and stands in, by pid and place: one pass over all fds. */
function placesOf(open: OpenFiles): ReadonlyMap<string, FileTarget> {
  const places = new Map<string, FileTarget>();
  for (const { pid, fd, fileId } of open.descriptors) {
    if (typeof fd === 'string') places.set(`${pid} ${fd}`, open.files.target(fileId));
  }
  return places;
}

function pathOf(target: FileTarget | undefined): string | undefined {
  return target?.type === 'file' ? target.path : undefined;
}

function executableOf(target: FileTarget): Executable | undefined {
  if (target.type === 'memfd') return { path: target.name ?? '', deleted: true, memfd: true, filesystem: undefined };
  if (target.type !== 'file') return undefined;
  const { path, deleted, mount } = target;
  return { path, deleted, memfd: path.startsWith('/memfd:'), filesystem: mount?.type };
}
