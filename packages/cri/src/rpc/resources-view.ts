/** Limits of a container between the CRI's words and the node's. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Resources } from '@stillframe/runtime';
import type { LinuxContainerResources, LinuxContainerResourcesSchema } from '../proto.ts';
import { invalidRequest } from './invalid.ts';

/** Zero and empty mean not set in the CRI, and are left out. */
export function resourcesFrom(resources: LinuxContainerResources | undefined): Resources {
  if (!resources) return {};
  const { hugepageLimits, unified } = resources;
  return {
    ...number('cpuPeriod', resources.cpuPeriod),
    ...number('cpuQuota', resources.cpuQuota),
    ...number('cpuShares', resources.cpuShares),
    ...number('memoryLimitInBytes', resources.memoryLimitInBytes),
    ...number('memorySwapLimitInBytes', resources.memorySwapLimitInBytes),
    ...number('oomScoreAdj', resources.oomScoreAdj),
    ...(resources.cpusetCpus ? { cpusetCpus: resources.cpusetCpus } : {}),
    ...(resources.cpusetMems ? { cpusetMems: resources.cpusetMems } : {}),
    ...(hugepageLimits.length > 0
      ? { hugepageLimits: hugepageLimits.map(({ pageSize, limit }) => ({ pageSize, limit: safe('limit', limit) })) }
      : {}),
    ...(Object.keys(unified).length > 0 ? { unified } : {}),
  };
}

function number<Name extends keyof Resources>(name: Name, value: bigint): { [K in Name]?: number } {
  return value === 0n ? {} : ({ [name]: safe(name, value) } as { [K in Name]?: number });
}

/** config.json carries numbers; no machine has limits beyond 2^53. */
function safe(name: string, value: bigint): number {
  const plain = Number(value);
  if (!Number.isSafeInteger(plain)) throw invalidRequest(`${name} ${value} is out of range`);
  return plain;
}

export function resourcesView(resources: Resources) {
  return {
    cpuPeriod: BigInt(resources.cpuPeriod ?? 0),
    cpuQuota: BigInt(resources.cpuQuota ?? 0),
    cpuShares: BigInt(resources.cpuShares ?? 0),
    memoryLimitInBytes: BigInt(resources.memoryLimitInBytes ?? 0),
    memorySwapLimitInBytes: BigInt(resources.memorySwapLimitInBytes ?? 0),
    oomScoreAdj: BigInt(resources.oomScoreAdj ?? 0),
    cpusetCpus: resources.cpusetCpus ?? '',
    cpusetMems: resources.cpusetMems ?? '',
    hugepageLimits: (resources.hugepageLimits ?? []).map(({ pageSize, limit }) => ({ pageSize, limit: BigInt(limit) })),
    unified: resources.unified ?? {},
  } satisfies MessageInitShape<typeof LinuxContainerResourcesSchema>;
}
