/** Everything of one process: who it acts as, its threads, children and open files. */
import {
  type Descriptor,
  type FileTarget,
  type OpenFiles,
  openFlagNames,
  readMaps,
  readTasks,
  type Task,
  targetName,
} from '@stillframe/checkpoint';
import { orAbsent } from '@stillframe/core';
import type { CredentialFacts, OpenFileFacts } from '../contract/index.ts';
import { factsOf } from './processes.ts';
import type { AnswerRoute } from './route.ts';

/** Rows of one list. */
const MOST = 2000;

export const process: AnswerRoute<'process'> = async ({ one, question, signal }) => {
  const found = await one.process(question.number('pid'));
  const { pid, sid, pgid } = found;
  const [all, open] = await Promise.all([one.processes(), one.open()]);
  const own = open.descriptors.filter((each) => each.pid === pid);
  const at = (place: Descriptor['fd']) => {
    const held = own.find(({ fd }) => fd === place);
    return held && open.facts(held.fileId).target;
  };
  const space = await orAbsent(one.space(pid), 'ERR_DESK_NOT_FOUND');
  const maps = space ? await readMaps(space, open.files, { signal }) : [];
  let task: Task | undefined;
  for await (const each of readTasks(one.checkpoint.images, { processes: [found], signal })) task = each;
  const exe = at('exe');
  const numbered = own.filter(({ fd }) => typeof fd === 'number');
  return {
    ...(await factsOf(one, found, signal)),
    ...{ sid, pgid },
    executable: exe ? targetName(exe, open.files.machine) : null,
    executableDeleted: exe?.type === 'file' ? exe.deleted : exe?.type === 'memfd',
    ...{ workingFolder: pathOf(at('cwd')), root: pathOf(at('root')) },
    children: all
      .filter(({ ppid }) => ppid === pid)
      .slice(0, MOST)
      .map((child) => ({ pid: child.pid, name: child.comm ?? null })),
    threadList: (task?.threads ?? []).slice(0, MOST).map(({ tid, name, facts }) => ({
      ...{ tid, name: name ?? null },
      state: facts.state === 'present' ? 'present' : 'not captured',
    })),
    credentials: credentialsOf(task),
    files: numbered.slice(0, MOST).map((each) => fileOf(each, open)),
    filesTotal: numbered.length,
    mappings: maps.length,
    captured: maps.reduce((sum, { captured }) => sum + Number(captured), 0),
  };
};

function pathOf(target: FileTarget | undefined): string | null {
  return target?.type === 'file' ? target.path : null;
}

function credentialsOf(task: Task | undefined): CredentialFacts | null {
  const [main] = task?.threads ?? [];
  if (main?.facts.state !== 'present' || !main.facts.credentials) return null;
  const { uid, euid, suid, gid, egid, groups, capabilities, noNewPrivileges, security } = main.facts.credentials;
  return {
    ...{ uid, euid, suid, gid, egid, groups: groups.slice(0, MOST), noNewPrivileges },
    ...{ effective: capabilities.effective.names, bounding: capabilities.bounding.names },
    ...{ securityProfile: security.profile ?? null, seccomp: main.facts.seccomp.mode },
  };
}

/** One fd with what it leads to. */
function fileOf({ fd, fileId }: Descriptor, open: OpenFiles): OpenFileFacts {
  const { target, flags, position } = open.facts(fileId);
  return {
    ...{ fd: String(fd), fileId, type: target.type },
    name: targetName(target, open.files.machine),
    flags: flags === undefined ? [] : openFlagNames(flags, open.files.machine).filter(Boolean),
    position: position === undefined ? null : Number(position),
    deleted: target.type === 'file' ? target.deleted : target.type === 'memfd',
    holders: open.holders(fileId).length,
  };
}
