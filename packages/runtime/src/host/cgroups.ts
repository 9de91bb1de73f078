/** Control groups: version 1, version 2 or both (hybrid), and whether a container can be frozen. */
import { readFile } from 'node:fs/promises';
import type { CheckResult, HostCheck } from './check.ts';

export const cgroups: HostCheck = {
  id: 'cgroups',
  title: 'control groups',
  required: true,
  async probe() {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    const unified = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').catch(() => undefined);
    return judgeCgroups(mounts, unified);
  },
};

/** Judges the text of /proc/self/mountinfo and of the root's cgroup.controllers (undefined where there is none). */
export function judgeCgroups(mountinfo: string, controllers: string | undefined): CheckResult {
  const first = new Set<string>();
  let second = false;
  for (const line of mountinfo.split('\n')) {
    const [, type, , options = ''] = / - (\S+) (\S+) (\S+)$/.exec(line) ?? [];
    if (type === 'cgroup2') second = true;
    if (type === 'cgroup') for (const word of options.split(',')) if (word !== 'rw' && word !== 'ro') first.add(word);
  }
  if (first.size === 0 && !second) {
    return { status: 'missing', found: 'no cgroup filesystem is mounted', remedy: 'mount one on /sys/fs/cgroup' };
  }
  if (first.size === 0) {
    const names = controllers?.trim().replaceAll(' ', ', ') || 'no controllers';
    return { status: 'ok', found: `version 2 (${names})` };
  }
  const found = `version 1${second ? ' with version 2 beside it (hybrid)' : ''} (${[...first].join(', ')})`;
  if (!first.has('freezer') && !second) {
    return { status: 'broken', found, remedy: 'mount the freezer controller; a dump stops its container by it' };
  }
  return { status: 'ok', found };
}
