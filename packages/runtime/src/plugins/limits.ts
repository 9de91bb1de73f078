/** Limits of a container between the node's words and those of NRI. */
import { isObject } from '@stillframe/core';
import { type LinuxResources, nriError, type ResourcesInit } from '@stillframe/nri';
import type { Resources } from '../store/records.ts';

/** Limits that only plugins set, in the shape of `linux.resources` of config.json. */
export interface FurtherLimits {
  memory?: Record<string, number | boolean>;
  cpu?: Record<string, number>;
}

export interface PluginLimits {
  resources: Resources;
  further: FurtherLimits;
}

/** What a plugin sees. */
export function limitsView(resources: Resources): ResourcesInit {
  const signed = (value: number | undefined) => (value ? { value: BigInt(value) } : undefined);
  return {
    memory: {
      limit: signed(resources.memoryLimitInBytes),
      swap: signed(resources.memorySwapLimitInBytes),
    },
    cpu: {
      period: signed(resources.cpuPeriod),
      quota: signed(resources.cpuQuota),
      shares: signed(resources.cpuShares),
      cpus: resources.cpusetCpus ?? '',
      mems: resources.cpusetMems ?? '',
    },
    hugepageLimits: (resources.hugepageLimits ?? []).map(({ pageSize, limit }) => ({ pageSize, limit: BigInt(limit) })),
    unified: { ...resources.unified },
    ...(resources.pidsLimit ? { pids: { limit: BigInt(resources.pidsLimit) } } : {}),
  };
}

/** What plugins want. Throws ERR_NRI_ADJUSTMENT for what is out of range, and for classes: this node has none. */
export function limitsFrom(wanted: LinuxResources): PluginLimits {
  const { memory, cpu, pids, hugepageLimits, unified } = wanted;
  for (const [name, given] of Object.entries({ 'block I/O': wanted.blockioClass, RDT: wanted.rdtClass })) {
    if (given)
      throw nriError('ERR_NRI_ADJUSTMENT', `NRI: this node has no ${name} classes, and ${given.value} is wanted`);
  }
  const resources: Resources = {
    ...number('memoryLimitInBytes', memory?.limit),
    ...number('memorySwapLimitInBytes', memory?.swap),
    ...number('cpuPeriod', cpu?.period),
    ...number('cpuQuota', cpu?.quota),
    ...number('cpuShares', cpu?.shares),
    ...number('pidsLimit', pids && { value: pids.limit }),
    ...(cpu?.cpus ? { cpusetCpus: cpu.cpus } : {}),
    ...(cpu?.mems ? { cpusetMems: cpu.mems } : {}),
    ...(hugepageLimits.length > 0 ? { hugepageLimits: hugepageLimits.map(hugepageLimit) } : {}),
    ...(Object.keys(unified).length > 0 ? { unified: { ...unified } } : {}),
  };
  const further = {
    memory: {
      ...number('reservation', memory?.reservation),
      ...number('kernel', memory?.kernel),
      ...number('kernelTCP', memory?.kernelTcp),
      ...number('swappiness', memory?.swappiness),
      ...(memory?.disableOomKiller ? { disableOOMKiller: memory.disableOomKiller.value } : {}),
      ...(memory?.useHierarchy ? { useHierarchy: memory.useHierarchy.value } : {}),
    },
    cpu: {
      ...number('realtimeRuntime', cpu?.realtimeRuntime),
      ...number('realtimePeriod', cpu?.realtimePeriod),
    },
  };
  return { resources, further };
}

const hugepageLimit = ({ pageSize, limit }: { pageSize: string; limit: bigint }) => ({
  pageSize,
  limit: safe('hugepage limit', limit),
});

function number<Name extends string>(name: Name, given: { value: bigint } | undefined): { [K in Name]?: number } {
  return given === undefined ? {} : ({ [name]: safe(name, given.value) } as { [K in Name]?: number });
}

/** config.json carries numbers; no machine has limits beyond 2^53. */
function safe(name: string, value: bigint): number {
  const plain = Number(value);
  if (Number.isSafeInteger(plain)) return plain;
  throw nriError('ERR_NRI_ADJUSTMENT', `NRI: ${name} ${value} is out of range`);
}

/** `linux.resources` with further members put into its groups; none is taken away. */
export function withFurther(
  base: Readonly<Record<string, unknown>>,
  ...others: readonly (FurtherLimits | Readonly<Record<string, unknown>>)[]
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const other of others) {
    for (const [name, value] of Object.entries(other)) {
      const before = merged[name];
      if (!isObject(value)) merged[name] = value;
      else if (isObject(before)) merged[name] = { ...before, ...value };
      else if (Object.keys(value).length > 0) merged[name] = value;
    }
  }
  return merged;
}
