/** A CRIU that works with current kernels, beside whatever the system has. */
import { join } from 'node:path';
import { bringCopy } from './private-copy.mjs';
import { find, isExecutable, quietly } from './programs.mjs';

/** Older ones cannot dump sockets on kernels since 6.16, or do not start at all on newer ones. */
const OLDEST = [4, 2];

/** Where the private copy is: `bin/criu` is the program, `root/` what it is made of. */
export const criuHome = () => process.env.STILLFRAME_CRIU_HOME || '/opt/stillframe/criu';

/** Whether the CRIU named by STILLFRAME_CRIU, the private copy, or else the system's own works here. */
export function criuIsComplete() {
  const named = process.env.STILLFRAME_CRIU;
  if ((named && isRecent(named)) || copyWorks(criuHome())) return true;
  const own = find('criu');
  if (own === undefined || !isRecent(own)) return false;
  // Only root can ask the kernel; for others the version must do.
  return process.getuid?.() !== 0 || quietly(own, ['check'], { timeout: 30_000 }).code === 0;
}

/** Brings the private copy. Returns undefined, or in one line why it could not be had. */
export function installCriu() {
  const commands = { criu: ({ loaded }) => loaded('criu') };
  return bringCopy({ home: criuHome(), what: 'CRIU 4.2', packages: ['criu'], commands, works: copyWorks });
}

const copyWorks = (home) => isRecent(join(home, 'bin/criu'));
const isRecent = (path) => isExecutable(path) && recent(quietly(path, ['--version'], { timeout: 10_000 }).text);

function recent(text) {
  const [, major, minor] = /Version:\s*(\d+)\.(\d+)/.exec(text) ?? [];
  if (major === undefined) return false;
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
}
