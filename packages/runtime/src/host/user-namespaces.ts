/** Whether pods may have users of their own; the node itself tries it out with its own folders. */
import { run } from '../process/run.ts';
import type { HostCheck } from './check.ts';
import { findProgram } from './find-program.ts';

export const userNamespaces: HostCheck = {
  id: 'user-namespaces',
  title: 'user namespaces (optional)',
  required: false,
  async probe({ env, signal }) {
    const perl = findProgram('perl', env);
    if (perl === undefined) return { status: 'missing', found: 'no perl', remedy: 'install the package perl-base' };
    const { code, stderr } = await run(['unshare', '--user', 'true'], { env, signal });
    if (code === 0) return { status: 'ok', found: `may be made; mounts are mapped by ${perl}` };
    const remedy = 'set the sysctl user.max_user_namespaces; pods with hostUsers: false are refused until then';
    return { status: 'limited', found: stderr.trim().split('\n')[0] ?? '', remedy };
  },
};
