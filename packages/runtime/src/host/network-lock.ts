/** How CRIU can hold a container's connections still during a dump (criu.conf network-lock). */
import { run } from '../process/run.ts';
import type { CheckResult, HostCheck } from './check.ts';
import { findProgram } from './find-program.ts';

export const networkLock: HostCheck = {
  id: 'network-lock',
  title: 'network lock of CRIU',
  required: true,
  async probe(context) {
    const iptables = findProgram('iptables-restore', context.env);
    return judgeNetworkLock(iptables, context.criu ? await hasNftables(context.criu.path) : false);

    async function hasNftables(path: string): Promise<boolean> {
      const { env, signal } = context;
      return (await run([path, 'check', '--feature', 'network_lock_nftables'], { env, signal })).code === 0;
    }
  },
};

/** Judges the path of iptables-restore (undefined where there is none) and whether CRIU can use nftables itself. */
export function judgeNetworkLock(iptables: string | undefined, nftables: boolean): CheckResult {
  const found = [...(iptables ? [`iptables (${iptables})`] : []), ...(nftables ? ['nftables'] : [])];
  if (iptables) return { status: 'ok', found: found.join(', ') };
  const remedy = 'install the package iptables';
  if (nftables) return { status: 'limited', found: `${found.join(', ')}; CRIU uses iptables unless told`, remedy };
  return { status: 'missing', found: 'neither iptables nor nftables', remedy };
}
