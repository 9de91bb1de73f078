/** cgroup settings of a container as config.json and `runc update` want them, and what this host makes of them. */
import { readFile, stat } from 'node:fs/promises';
import { runtimeError } from '../errors.ts';
import type { Resources } from '../store/records.ts';

/** What of the host decides which settings can be kept. */
export interface ResourceHost {
  /** cgroup v2 alone is mounted. */
  unified: boolean;
  /** The hugetlb controller is there. */
  hugepages: boolean;
  /** The lowest oom_score_adj that may be set. */
  lowestOomScoreAdj: number;
}

/** Asked anew each time: it is three small files. `held`: the node's own capabilities. */
export async function resourceHost(held: ReadonlySet<string>): Promise<ResourceHost> {
  const unified = await exists('/sys/fs/cgroup/cgroup.controllers');
  const controllers = unified ? await textOf('/sys/fs/cgroup/cgroup.controllers') : '';
  const hugepages = unified ? controllers.split(/\s+/).includes('hugetlb') : await exists('/sys/fs/cgroup/hugetlb');
  // Without the capability no process may go below what it was given itself; children inherit that.
  const own = Number(await textOf('/proc/self/oom_score_adj')) || 0;
  return { unified, hugepages, lowestOomScoreAdj: held.has('CAP_SYS_RESOURCE') ? -1000 : own };
}

const exists = (path: string) => stat(path).then(Boolean, () => false);
const textOf = (path: string) =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );

/** The least of each setting that means anything, by its name in the CRI; -1 is the kernel's word for no limit. */
const LEAST = {
  cpuPeriod: ['cpu_period', 0],
  cpuQuota: ['cpu_quota', -1],
  cpuShares: ['cpu_shares', 0],
  memoryLimitInBytes: ['memory_limit_in_bytes', -1],
  memorySwapLimitInBytes: ['memory_swap_limit_in_bytes', -1],
} as const;

/** Throws ERR_CONTAINER_INVALID naming the setting that no kernel takes. */
function checkSigns(wanted: Resources): void {
  for (const field of Object.keys(LEAST) as (keyof typeof LEAST)[]) {
    const [name, least] = LEAST[field];
    const value = wanted[field];
    if (value === undefined || value >= least) continue;
    throw runtimeError('ERR_CONTAINER_INVALID', `${name} is ${value}, which is less than ${least}`);
  }
}

/**
 * What can be set of `wanted`, and in words what was changed or left out: a limit that the host cannot keep must not
 * keep the container from running. Throws ERR_CONTAINER_INVALID for settings of the other cgroup version, and negative ones.
 */
export function fitResources(wanted: Resources, host: ResourceHost): { resources: Resources; clamped: string[] } {
  checkSigns(wanted);
  const { hugepageLimits = [], unified = {}, oomScoreAdj, ...rest } = wanted;
  const clamped: string[] = [];
  if (Object.keys(unified).length > 0 && !host.unified) {
    throw runtimeError('ERR_CONTAINER_INVALID', 'unified resources need cgroup v2, which this node does not have');
  }
  if (hugepageLimits.length > 0 && !host.hugepages) clamped.push('hugepage limits: no hugetlb cgroup here');
  const adj = oomScoreAdj === undefined ? undefined : clampOomScoreAdj(oomScoreAdj, host);
  if (adj !== oomScoreAdj) clamped.push(`oom_score_adj ${oomScoreAdj}: this node may set no less than ${adj}`);
  return {
    resources: {
      ...rest,
      ...(hugepageLimits.length > 0 && host.hugepages ? { hugepageLimits } : {}),
      ...(Object.keys(unified).length > 0 ? { unified } : {}),
      ...(adj === undefined ? {} : { oomScoreAdj: adj }),
    },
    clamped,
  };
}

/** Within what the kernel knows (-1000 to 1000) and this node may set. */
export function clampOomScoreAdj(wanted: number, { lowestOomScoreAdj }: ResourceHost): number {
  return Math.min(1000, Math.max(wanted, -1000, lowestOomScoreAdj));
}

/** `linux.resources` without device rules (runtime-spec config-linux.md); what is 0 or absent is not there. */
export function specResources(resources: Resources): Record<string, unknown> {
  const cpu = present({
    period: resources.cpuPeriod,
    quota: resources.cpuQuota,
    shares: resources.cpuShares,
    cpus: resources.cpusetCpus,
    mems: resources.cpusetMems,
  });
  const memory = present({ limit: resources.memoryLimitInBytes, swap: resources.memorySwapLimitInBytes });
  const hugepageLimits = resources.hugepageLimits ?? [];
  return {
    ...(cpu ? { cpu } : {}),
    ...(memory ? { memory } : {}),
    ...(resources.pidsLimit ? { pids: { limit: resources.pidsLimit } } : {}),
    ...(hugepageLimits.length > 0 ? { hugepageLimits } : {}),
    ...(resources.unified ? { unified: resources.unified } : {}),
  };
}

function present(members: Record<string, number | string | undefined>) {
  const entries = Object.entries(members).filter(([, value]) => value);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** `current` with every member that `change` gives; 0, empty and absent leave things as they are (CRI). */
export function mergeResources(current: Resources, change: Resources): Resources {
  const given = Object.entries(change).filter(([, value]) => {
    if (value === undefined || value === 0 || value === '') return false;
    return typeof value !== 'object' || Object.keys(value).length > 0;
  });
  const merged: Resources = { ...current, ...Object.fromEntries(given) };
  // The kernel refuses a limit of memory above that of memory and swap together: what swap there was is kept.
  const { memoryLimitInBytes: memory, memorySwapLimitInBytes: swap } = current;
  if (change.memoryLimitInBytes && !change.memorySwapLimitInBytes && memory && swap && swap > 0) {
    merged.memorySwapLimitInBytes = change.memoryLimitInBytes + swap - memory;
  }
  return change.unified ? { ...merged, unified: { ...current.unified, ...change.unified } } : merged;
}
