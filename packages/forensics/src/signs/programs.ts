/** Who a process is, as far as rules care: a shell, a tool that fetches, or a program that was not there when the container began. */

import type { Tables } from '../analysers/index.ts';
import { isHidden, isScratch } from '../analysers/text-places.ts';
import { packagedPaths } from './packages.ts';

type Row = Tables['processes'][number];

const SHELLS = /^(?:(?:ba|da|z|k|a|c|tc|fi)?sh|busybox)$/;
const TOOLS =
  /^(?:nc|ncat|netcat|nc\.(?:openbsd|traditional)|socat|telnet|curl|wget|kubectl|crictl|ctr|docker|nsenter|aria2c|ftp|tftp)$/;
const INTERPRETERS =
  /^(?:python[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.]*|lua[\d.]*|node|nodejs|java|pypy[\d.]*|osascript|awk|gawk|mawk)$/;

/** What is known of processes, looked up by pid. */
export interface Programs {
  get(pid: number): Row | undefined;
  /** `process 37 (a)`; the name is raw. */
  label(pid: number): string;
  /** Its program’s name, of busybox that of the tool. */
  nameOf(pid: number): string;
  isShell(pid: number): boolean;
  /** Shells, and tools that people use by hand to reach other machines. */
  isByHand(pid: number): boolean;
  isInterpreter(pid: number): boolean;
  /** Why its program is hardly one that belongs there; undefined where nothing speaks against it. */
  oddity(pid: number): string | undefined;
  /** Whether its program was written while the container ran, and by no package manager. */
  isWritten(pid: number): boolean;
}

/** Reads the tables once. */
export function programsOf(tables: Pick<Tables, 'processes' | 'changes' | 'packages'>): Programs {
  const { processes, changes } = tables;
  const packaged = packagedPaths(tables);
  const byPid = new Map(processes.map((row) => [row.pid, row]));
  const written = new Set(changes.filter(({ change }) => change !== 'deleted').map(({ path }) => path));
  const upgraded = new Set([...written].filter((path) => packaged.ownerOf(path) !== undefined));
  const nameOf = (pid: number) => {
    const row = byPid.get(pid);
    const base = (path: string | undefined) => path?.split('/').at(-1) ?? '';
    const program = base(row?.executable?.path);
    return program === 'busybox' || program === ''
      ? base(row?.arguments?.[0]?.replace(/^-/, '')) || (row?.name ?? program)
      : program;
  };
  const isShell = (pid: number) => SHELLS.test(nameOf(pid));
  return {
    get: (pid) => byPid.get(pid),
    label: (pid) => `process ${pid} (${byPid.get(pid)?.name ?? '?'})`,
    nameOf,
    isShell,
    isByHand: (pid) => isShell(pid) || TOOLS.test(nameOf(pid)),
    isInterpreter: (pid) => INTERPRETERS.test(nameOf(pid)),
    oddity(pid) {
      const executable = byPid.get(pid)?.executable;
      if (executable === undefined) return undefined;
      if (executable.memfd) return 'whose program is in no filesystem';
      if (isScratch(executable.path)) return 'whose program lies in a folder for temporary files';
      if (isHidden(executable.path)) return 'whose program is hidden';
      // Replaced by an upgrade, its old file is gone.
      return executable.deleted && !upgraded.has(executable.path) ? 'whose program was deleted' : undefined;
    },
    isWritten(pid) {
      const path = byPid.get(pid)?.executable?.path ?? '';
      return written.has(path) && packaged.ownerOf(path) === undefined;
    },
  };
}
