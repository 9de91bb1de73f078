/** Small programs the runtime calls, each a part of a system's base, and GNU tar, whose options it relies on. */
import { run } from '../process/run.ts';
import type { HostCheck } from './check.ts';
import { findProgram } from './find-program.ts';
import { versionOf } from './version-of.ts';

/** Program and the Debian package that brings it. */
const NEEDED: readonly [string, string][] = [
  ['fallocate', 'util-linux'],
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['mount', 'mount'],
  ['umount', 'mount'],
  ['prlimit', 'util-linux'],
  ['ip', 'iproute2'],
  ['setfattr', 'attr'],
  ['socat', 'socat'],
  ['script', 'bsdutils'],
];

export const helperPrograms: HostCheck = {
  id: 'programs',
  title: 'system programs',
  required: true,
  async probe({ env }) {
    const lacking = NEEDED.filter(([name]) => findProgram(name, env) === undefined);
    if (lacking.length === 0) return { status: 'ok', found: NEEDED.map(([name]) => name).join(', ') };
    return {
      status: 'missing',
      found: `no ${lacking.map(([name]) => name).join(', ')}`,
      remedy: `install ${[...new Set(lacking.map(([, name]) => name))].join(' ')}`,
    };
  },
};

export const recorder: HostCheck = {
  id: 'tcpdump',
  title: 'tcpdump',
  required: false,
  probe: (context) => versionOf('tcpdump', context, 'install the package tcpdump; sinkholes record packets with it'),
};

export const gnuTar: HostCheck = {
  id: 'tar',
  title: 'GNU tar',
  required: true,
  async probe({ env, signal }) {
    const path = findProgram('tar', env);
    const remedy = 'install GNU tar (package tar)';
    if (path === undefined) return { status: 'missing', found: 'no tar in PATH', remedy };
    const { stdout } = await run([path, '--version'], { env, signal });
    const said = stdout.split('\n')[0] ?? '';
    return /GNU tar/.test(said)
      ? { status: 'ok', found: `${said} (${path})` }
      : { status: 'broken', found: `${path} is another tar`, remedy };
  },
};
