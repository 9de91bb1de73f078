/** Traffic of a pod, from the counters of its network namespace (proc(5), net/dev). */
import { readFile } from 'node:fs/promises';
import { run } from '../process/run.ts';
import type { SandboxRecord } from '../store/records.ts';

export interface InterfaceFigures {
  name: string;
  rxBytes: bigint;
  rxPackets: bigint;
  rxErrors: bigint;
  rxDropped: bigint;
  txBytes: bigint;
  txPackets: bigint;
  txErrors: bigint;
  txDropped: bigint;
}

/**
 * Interfaces of the sandbox; none for one in the host's network, whose traffic is not its own. `pid` of a running
 * container spares a process.
 */
export async function networkOf(sandbox: SandboxRecord, pid: number | undefined): Promise<InterfaceFigures[]> {
  const path = sandbox.namespaces.net;
  if (path === undefined) return [];
  const near = pid === undefined ? undefined : await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => undefined);
  if (near !== undefined) return parseNetDev(near);
  const argv = ['nsenter', `--net=${path}`, 'cat', '/proc/self/net/dev'];
  const result = await run(argv, { timeout: 10_000 }).catch(() => undefined);
  return result?.code === 0 ? parseNetDev(result.stdout) : [];
}

/** Two lines of headings, then `name: ` and eight numbers each for what came in and went out. */
export function parseNetDev(text: string): InterfaceFigures[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', rest = ''] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    const numbers = rest.trim().split(/\s+/);
    if (name === '' || numbers.length < 16 || !numbers.every((each) => /^\d{1,20}$/.test(each))) return [];
    const at = (index: number) => BigInt(numbers[index] ?? 0);
    return [
      {
        name,
        rxBytes: at(0),
        rxPackets: at(1),
        rxErrors: at(2),
        rxDropped: at(3),
        txBytes: at(8),
        txPackets: at(9),
        txErrors: at(10),
        txDropped: at(11),
      },
    ];
  });
}

/** What the outside speaks through: `eth0`, else the first that is not the loopback. */
export function defaultInterface(all: readonly InterfaceFigures[]): InterfaceFigures | undefined {
  return all.find(({ name }) => name === 'eth0') ?? all.find(({ name }) => name !== 'lo');
}
