/**
 * What a container may be in a forensic sandbox: nothing of it leads out, uses the host up or writes outside of the
 * container itself.
 */
import type { ContainerRequest } from '../container/request.ts';
import { runtimeError } from '../errors.ts';
import type { Resources, SandboxRecord } from '../store/records.ts';
import { isForensic } from './isolation.ts';

/** What a container needs at the least, which the limits that nobody chose leave room for. */
export interface Needs {
  /** Bytes of memory that it has now. */
  memory: number;
  /** Processes and threads. */
  tasks: number;
}

/** One CPU, in the kernel's words: microseconds of each period. */
const PERIOD = 100_000;
/** What is given above what is there. */
const MEMORY = 512 << 20;
const TASKS = 256;

/**
 * The request as it holds in its sandbox, and in words what was changed of it. In a forensic one mounts are read-only and
 * memory, processes and CPU are limited where the request says nothing; any other sandbox takes it as it is.
 * Throws ERR_CONTAINER_INVALID for what would be a way out.
 */
export function confine(
  sandbox: SandboxRecord,
  request: ContainerRequest,
  { memory, tasks }: Needs,
): { request: ContainerRequest; notes: string[] } {
  if (!isForensic(sandbox)) return { request, notes: [] };
  demandShut(request);
  const limits: Resources = {
    ...(request.resources.memoryLimitInBytes ? {} : { memoryLimitInBytes: memory + MEMORY }),
    ...(request.resources.pidsLimit ? {} : { pidsLimit: tasks + TASKS }),
    ...(request.resources.cpuQuota ? {} : { cpuPeriod: PERIOD, cpuQuota: PERIOD }),
  };
  const written = request.mounts.filter(({ readonly }) => !readonly);
  return {
    request: {
      ...request,
      mounts: request.mounts.map((mount) => ({ ...mount, readonly: true })),
      resources: { ...request.resources, ...limits },
    },
    notes: written.map(({ containerPath }) => `mount at ${containerPath}: read-only in a forensic sandbox`),
  };
}

function demandShut({ security, devices = [], mounts }: ContainerRequest): void {
  const { privileged, capabilities, pid } = security;
  const open = [
    ...(privileged ? ['privileges'] : []),
    ...(pid === 'node' ? ["the host's processes"] : []),
    ...(capabilities.add.length > 0 || capabilities.ambient?.length ? ['added capabilities'] : []),
    ...(devices.length > 0 ? ['devices of the host'] : []),
    ...(mounts.some(({ propagation }) => propagation === 'bidirectional') ? ['mounts that travel to the host'] : []),
  ];
  if (open.length === 0) return;
  throw runtimeError('ERR_CONTAINER_INVALID', `a forensic sandbox has no way out, and ${open.join(', ')} would be one`);
}
