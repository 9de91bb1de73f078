/** Programs of others that tests and benchmarks run beside ours, in private copies; the product needs none of them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bringCopy } from './private-copy.mjs';
import { isExecutable, quietly } from './programs.mjs';

/** Where the copies are, a folder each; testkit looks here too. */
export const peersHome = () => process.env.STILLFRAME_PEERS_HOME || '/opt/stillframe/peers';

/** One row a peer. `commands` are wrappers in its bin/, `asks` a command that shows whether it works. */
const ROWS = [
  {
    name: 'containerd',
    what: 'containerd 2',
    packages: ['containerd'],
    // By their own names, since containerd and its shim start themselves anew; they need no newer libraries than a host has.
    commands: {
      containerd: ({ root }) => [found(root, 'containerd')],
      'containerd-shim-runc-v2': ({ root }) => [found(root, 'containerd-shim-runc-v2')],
    },
    asks: ['containerd', '--version'],
  },
  {
    name: 'checkpointctl',
    what: 'checkpointctl',
    packages: ['checkpointctl'],
    commands: { checkpointctl: ({ loaded }) => loaded('checkpointctl') },
    asks: ['checkpointctl', '--help'],
  },
  {
    name: 'crun',
    what: 'crun',
    // It loads CRIU's library where it is to checkpoint.
    packages: ['crun', 'libcriu2'],
    commands: { crun: ({ loaded }) => loaded('crun') },
    asks: ['crun', '--version'],
  },
  {
    name: 'crit',
    what: 'crit 4.2',
    packages: ['python3-pycriu'],
    commands: {
      crit: (copy) => [...python(copy), found(copy.root, 'crit')],
      // For tests that load it once and ask it many things.
      'crit-python': python,
    },
    asks: ['crit-python', '-c', 'import crit.__main__'],
  },
];

/** The peers that are not there or do not work. */
export const missingPeers = () => ROWS.filter((row) => !works(row)(join(peersHome(), row.name)));

/** Brings the copy of one of ROWS. Returns undefined, or in one line why it could not be had. */
export function installPeer(row) {
  const { name, what, packages, commands } = row;
  return bringCopy({ home: join(peersHome(), name), what, packages, commands, works: works(row) });
}

function works({ asks: [program, ...words] }) {
  return (home) => {
    const path = join(home, 'bin', program);
    return isExecutable(path) && quietly(path, words, { timeout: 20_000 }).code === 0;
  };
}

function found(root, program) {
  return ['usr/bin', 'usr/sbin'].map((folder) => join(root, folder, program)).find(isExecutable) ?? '';
}

/** crit is a Python program: the copy's own Python is told where its library is. */
function python({ root, loaded }) {
  const programs = join(root, 'usr/bin');
  const name =
    (existsSync(programs) ? readdirSync(programs) : []).find((each) => /^python3\.\d+$/.test(each)) ?? 'python3';
  const modules = join(root, 'usr/lib/python3/dist-packages');
  const settings = [`PYTHONHOME=${join(root, 'usr')}`, `PYTHONPATH=${modules}`, 'PYTHONDONTWRITEBYTECODE=1'];
  return ['env', ...settings, ...loaded(name)];
}
