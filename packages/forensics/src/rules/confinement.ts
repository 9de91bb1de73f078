/** What holds processes back, or does not: filters of system calls, no_new_privs, users. */
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import { countedText, references } from '../program/counted.ts';
import { isInterpreter, isShell, processText, programOf } from '../program/program.ts';
import { rootProcess } from '../program/rows.ts';
import { withCredentials } from './capabilities.ts';
import type { Rule } from './rule.ts';

export const seccompOff: Rule = {
  id: 'seccomp-off',
  title: 'system calls are not filtered',
  severity: 'low',
  techniques: ['T1611'],
  why: 'Without a filter a process may ask the kernel for everything, also for what exploits of the kernel need. One without it beside others that have it came in by another way.',
  benign: 'Kubernetes leaves containers unfiltered unless told otherwise; filters are off in privileged containers.',
  *judge(tables) {
    const alive = tables.processes.filter(({ state, seccomp }) => state !== 'dead' && seccomp !== undefined);
    const free = alive.filter(({ seccomp }) => seccomp === 'disabled');
    if (free.length === 0) return;
    const root = rootProcess(tables);
    const isStranger = root?.seccomp === 'filter' || root?.seccomp === 'strict';
    yield {
      summary: isStranger
        ? `${countedText(free)} ${free.length === 1 ? 'has' : 'have'} no filter of system calls, but ${processText(root)} has one`
        : `no filter of system calls in ${free.length === alive.length ? `any of ${alive.length} processes` : countedText(free)}`,
      references: references(free),
      severity: isStranger ? 'medium' : undefined,
      details: { processes: free.length, of: alive.length },
    };
  },
};

export const newPrivileges: Rule = {
  id: 'no-new-privileges-off',
  title: 'ordinary users may become root by a setuid program',
  severity: 'info',
  techniques: ['T1548.001'],
  why: 'Without no_new_privs a process that is not root gains rights by starting a file with the setuid bit, of which most images have some.',
  benign: 'Most containers are so.',
  *judge(tables) {
    const rows = withCredentials(tables).filter(
      ({ credentials: { uid, noNewPrivileges } }) => uid !== 0 && !noNewPrivileges,
    );
    if (rows.length === 0) return;
    yield {
      summary: `${countedText(rows)} ${rows.length === 1 ? 'is' : 'are'} not root, and may become it by a setuid program`,
      references: references(rows),
      details: { processes: rows.length },
    };
  },
};

/** Files that have the bit in ordinary images. */
const SETUID =
  /^(?:sudo|sudo-rs|su|su-rs|doas|passwd|chsh|chfn|newgrp|gpasswd|chage|expiry|mount|umount|fusermount3?|ping6?|traceroute6?|mtr-packet|pkexec|polkit-agent-helper-1|unix_chkpwd|ssh-keysign|dbus-daemon-launch-helper|at|crontab|bwrap|newuidmap|newgidmap|Xorg\.wrap|ntfs-3g|pam_timestamp_check|cockpit-session|vmware-user-suid-wrapper|snap-confine|chrome-sandbox|chrome_sandbox|exim4?|sendmail|procmail|lockfile|screen|bsd-write|suexec|ksu|staprun|locate|mlocate|plocate)$/;

export const setuidTransition: Rule = {
  id: 'setuid-transition',
  title: 'process acts as another user than who started it',
  severity: 'medium',
  techniques: ['T1548.001'],
  why: 'A real user that is not root, with root’s rights in effect: a setuid file was started. One that is none of the usual ones is a back door, or was exploited.',
  benign: 'sudo, su, ping, mount and the like while they work (`info`).',
  *judge(tables: Tables) {
    for (const process of withCredentials(tables)) {
      const { uid, euid, suid } = process.credentials;
      if (uid === 0 || (euid !== 0 && suid !== 0)) continue;
      const program = programOf(process) ?? '';
      const how = euid === 0 ? 'acts as root' : 'may become root again';
      yield {
        summary: `${processText(process)} was started by user ${uid} and ${how}`,
        references: [
          { kind: 'process', pid: process.pid },
          { kind: 'fd', pid: process.pid, fd: 'exe' },
        ],
        severity: severityOf(process, program),
        details: { uid, euid, suid, program },
      };
    }
  },
};

function severityOf(process: ProcessRow, program: string) {
  if (isShell(process) || isInterpreter(process)) return 'high';
  return SETUID.test(program) ? 'info' : undefined;
}
