/** Which CRIU is used: the one named, the private copy that the set-up brought, or the system's own. */
import { basename, dirname, join } from 'node:path';
import { runtimeError } from '../errors.ts';
import { findProgram, isExecutable } from './find-program.ts';

/** Where the set-up puts its copy, unless STILLFRAME_CRIU_HOME says otherwise (setup/private-criu.mjs). */
const PRIVATE_CRIU_HOME = '/opt/stillframe/criu';

export interface CriuLocation {
  /** The program itself. */
  readonly path: string;
  /** Its folder, to be put first in the PATH of an OCI runtime, which looks there for a program named `criu`. */
  readonly folder: string;
}

/**
 * Looks at STILLFRAME_CRIU, the private copy (STILLFRAME_CRIU_HOME) and PATH of `env`, in this order; undefined where
 * there is none. Says nothing about whether it works. Throws ERR_CRIU_MISSING where STILLFRAME_CRIU names no executable
 * file called `criu`: another one is never taken silently.
 */
export function locateCriu(env: Readonly<Record<string, string | undefined>>): CriuLocation | undefined {
  const named = env['STILLFRAME_CRIU'];
  if (named) {
    if (!isExecutable(named)) throw runtimeError('ERR_CRIU_MISSING', `STILLFRAME_CRIU names no program: ${named}`);
    if (basename(named) !== 'criu') {
      const hint = 'runc looks for this name in PATH; make a link called criu in a folder of its own';
      throw runtimeError('ERR_CRIU_MISSING', `STILLFRAME_CRIU must name a file called criu: ${named}`, { hint });
    }
    return { path: named, folder: dirname(named) };
  }
  const copy = join(env['STILLFRAME_CRIU_HOME'] || PRIVATE_CRIU_HOME, 'bin', 'criu');
  const path = isExecutable(copy) ? copy : findProgram('criu', env);
  return path === undefined ? undefined : { path, folder: dirname(path) };
}
