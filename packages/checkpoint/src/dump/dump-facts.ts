/** What a dump says of how it was made (inventory.img). Text is raw. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';

/** Undefined is what this CRIU did not record. */
export interface DumpFacts {
  /** 1 or 2: how images begin. */
  readonly imageVersion: number;
  /** A number of CRIU's for this very dump. */
  readonly runId: string | undefined;
  /** Microseconds that the machine had been up. */
  readonly uptime: bigint | undefined;
  readonly securityModule: 'none' | 'selinux' | 'apparmor' | 'unknown' | undefined;
  /** How connections were held still: `iptables`, `nftables`, `skip`. */
  readonly networkLock: string | undefined;
  /** Whether connections were closed in the images. */
  readonly closedConnections: boolean | undefined;
  readonly plugins: readonly string[] | undefined;
}

const MODULES = ['none', 'selinux', 'apparmor'] as const;
const LOCKS = ['iptables', 'nftables', 'skip'];

/** Undefined where there is no inventory that can be read. */
export async function readDumpFacts(images: ImageSet, options: SignalOptions = {}): Promise<DumpFacts | undefined> {
  const entry = await images.single('inventory', undefined, options);
  if (!entry) return undefined;
  const has = (field: keyof typeof entry) => Object.hasOwn(entry, field);
  return {
    imageVersion: entry.imgVersion,
    runId: entry.dumpCriuRunId || undefined,
    uptime: has('dumpUptime') ? entry.dumpUptime : undefined,
    securityModule: has('lsmtype') ? (MODULES[entry.lsmtype] ?? 'unknown') : undefined,
    networkLock: has('networkLockMethod')
      ? (LOCKS[entry.networkLockMethod] ?? `method-${entry.networkLockMethod}`)
      : undefined,
    closedConnections: has('tcpClose') ? entry.tcpClose : undefined,
    plugins: entry.pluginsEntry?.plugins,
  };
}
