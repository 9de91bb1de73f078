/** Merging what cgroups limit: each limit has one plugin that sets it. */
import { clone, create } from '@bufbuild/protobuf';
import {
  Field,
  type LinuxCPU,
  LinuxCPUSchema,
  type LinuxMemory,
  LinuxMemorySchema,
  type LinuxResources,
  LinuxResourcesSchema,
} from '../proto.ts';
import type { Owners } from './owners.ts';

const MEMORY = {
  limit: Field.MemLimit,
  reservation: Field.MemReservation,
  swap: Field.MemSwapLimit,
  kernel: Field.MemKernelLimit,
  kernelTcp: Field.MemTCPLimit,
  swappiness: Field.MemSwappiness,
  disableOomKiller: Field.MemDisableOomKiller,
  useHierarchy: Field.MemUseHierarchy,
} as const satisfies Partial<Record<keyof LinuxMemory, Field>>;

const CPU = {
  shares: Field.CPUShares,
  quota: Field.CPUQuota,
  period: Field.CPUPeriod,
  realtimeRuntime: Field.CPURealtimeRuntime,
  realtimePeriod: Field.CPURealtimePeriod,
  cpus: Field.CPUSetCPUs,
  mems: Field.CPUSetMems,
} as const satisfies Partial<Record<keyof LinuxCPU, Field>>;

const CLASSES = { blockioClass: Field.BlockioClass, rdtClass: Field.RdtClass } as const;

/** Sets in each of `targets` what `wanted` has. Throws ERR_NRI_CONFLICT; the targets are then half changed. */
export function mergeResources(
  owners: Owners,
  { containerID, plugin }: { containerID: string; plugin: string },
  wanted: LinuxResources,
  targets: readonly LinuxResources[],
): void {
  const claim = (field: Field, entry?: string) => owners.claim(containerID, plugin, field, entry);
  if (wanted.memory) {
    for (const target of targets) target.memory ??= create(LinuxMemorySchema);
    const memories = targets.flatMap(({ memory }) => memory ?? []);
    assign(MEMORY, wanted.memory, memories, claim);
  }
  if (wanted.cpu) {
    for (const target of targets) target.cpu ??= create(LinuxCPUSchema);
    const cpus = targets.flatMap(({ cpu }) => cpu ?? []);
    assign(CPU, wanted.cpu, cpus, claim);
  }
  assign(CLASSES, wanted, targets, claim);
  if (wanted.pids) {
    claim(Field.PidsLimit);
    for (const target of targets) target.pids = wanted.pids;
  }
  for (const limit of wanted.hugepageLimits) {
    claim(Field.HugepageLimits, limit.pageSize);
    for (const target of targets) {
      const others = target.hugepageLimits.filter(({ pageSize }) => pageSize !== limit.pageSize);
      target.hugepageLimits = [...others, limit];
    }
  }
  for (const [name, content] of Object.entries(wanted.unified)) {
    claim(Field.CgroupsUnified, name);
    for (const target of targets) target.unified[name] = content;
  }
  for (const target of targets) target.devices.push(...wanted.devices);
}

/** Sets every member of the table that is there; an empty text is not. */
function assign<T extends object, K extends keyof T>(
  table: Readonly<Record<K, Field>>,
  wanted: T,
  targets: readonly T[],
  claim: (field: Field) => void,
): void {
  for (const key of Object.keys(table) as K[]) {
    const value = wanted[key];
    if (value === undefined || value === '') continue;
    claim(table[key]);
    for (const target of targets) target[key] = value;
  }
}

/** `base` with every limit that `own` has. */
export function overlaid(base: LinuxResources, own: LinuxResources): LinuxResources {
  const merged = clone(LinuxResourcesSchema, base);
  const present = <T extends object>(message: T) =>
    Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined && value !== ''));
  if (own.memory) merged.memory = { ...(merged.memory ?? own.memory), ...present(own.memory) };
  if (own.cpu) merged.cpu = { ...(merged.cpu ?? own.cpu), ...present(own.cpu) };
  if (own.pids) merged.pids = own.pids;
  const sizes = new Set(own.hugepageLimits.map(({ pageSize }) => pageSize));
  merged.hugepageLimits = [
    ...merged.hugepageLimits.filter(({ pageSize }) => !sizes.has(pageSize)),
    ...own.hugepageLimits,
  ];
  merged.unified = { ...merged.unified, ...own.unified };
  if (own.blockioClass) merged.blockioClass = own.blockioClass;
  if (own.rdtClass) merged.rdtClass = own.rdtClass;
  return merged;
}
