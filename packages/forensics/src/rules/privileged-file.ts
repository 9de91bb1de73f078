/** Files that give rights to whoever runs or opens them. */
import { isHidden, isScratch } from '../analysers/text-places.ts';
import { packagedPaths } from '../signs/packages.ts';
import { changedFiles } from '../signs/written.ts';
import type { Rule } from './rule.ts';

const ANYBODY = 0o001;
const GROUP_RUNS = 0o010;
const RUNS = 0o111;

export const privilegedFile: Rule = {
  id: 'privileged-file',
  title: 'a program was given rights of its own',
  severity: 'high',
  techniques: ['T1548.001'],
  why: 'A setuid copy of a shell, or a program with capabilities, makes root of any user of the container, and stays.',
  benign: 'Packages that bring one (sudo, su, ping, fping, dumpcap), which their manager’s lists explain.',
  *judge(tables) {
    const packaged = packagedPaths(tables);
    for (const { path, flags, mode, uid, change } of changedFiles(tables)) {
      const how = rightOf(flags, mode);
      if (how === undefined) continue;
      const owner = packaged.ownerOf(path);
      const odd = isScratch(path) || isHidden(path);
      const isRoot = how === 'setuid' && (uid ?? 0) === 0;
      const open = mode === undefined || (mode & ANYBODY) !== 0;
      yield {
        summary: `${path} was ${change} with ${how}${how === 'capabilities' ? ' of a file' : ''}: it gives ${isRoot ? 'root' : 'rights'} to whoever runs it`,
        references: [{ kind: 'rootfs', path }],
        severity: owner !== undefined && !odd ? 'low' : odd || (isRoot && open) ? 'high' : 'medium',
        details: { how, uid, mode: mode?.toString(8), ...(owner === undefined ? {} : { package: owner }) },
      };
    }
  },
};

/** What gives a file rights of its own, where anybody can run it. */
function rightOf(flags: readonly string[], mode: number | undefined): 'setuid' | 'setgid' | 'capabilities' | undefined {
  if (mode !== undefined && (mode & RUNS) === 0) return undefined;
  if (flags.includes('setuid')) return 'setuid';
  if (flags.includes('capabilities')) return 'capabilities';
  // Without the right to run it, setgid means mandatory locks.
  return flags.includes('setgid') && mode !== undefined && (mode & GROUP_RUNS) !== 0 ? 'setgid' : undefined;
}

/** Devices that every container has: null, zero, full, random, urandom, tty, console, ptmx, terminals. */
const HARMLESS = /^character (?:1:[35789]|5:[012]|136:\d+|4:\d+)$/;
/** Memory of the machine: mem, kmem, port. */
const MEMORY = /^character 1:[1-4]$/;

export const deviceNode: Rule = {
  id: 'device-node',
  title: 'a device was made in the root filesystem',
  severity: 'medium',
  techniques: ['T1611'],
  why: 'Who may make devices makes that of the host’s disk, and reads and writes it past every mount.',
  benign: 'Jails within a container (postfix, bind) have null and random of their own; FUSE and TUN devices.',
  *judge(tables) {
    for (const { path, device, change } of changedFiles(tables)) {
      if (device === undefined || change === 'deleted') continue;
      const harmless = HARMLESS.test(device) || /^character 10:(?:200|229)$/.test(device);
      yield {
        summary: `${path} is a device, ${device}, that was made while the container ran`,
        references: [{ kind: 'rootfs', path }],
        severity: harmless ? 'info' : MEMORY.test(device) || device.startsWith('block') ? 'high' : undefined,
        details: { device },
      };
    }
  },
};
