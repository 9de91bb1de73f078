/** Figures of containers and pods, as the CRI's stats calls give them. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { containerFolders } from '../container/folders.ts';
import { type ContainerStatus, statusOf } from '../container/status.ts';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import { readCgroup } from './cgroup-figures.ts';
import { CpuRates } from './cpu-rate.ts';
import type { CgroupFigures } from './figures.ts';
import { type FolderSize, FolderSizes } from './folder-size.ts';
import { type InterfaceFigures, networkOf } from './network.ts';
import { type ProcessFigures, readProcesses } from './processes.ts';

export interface ContainerFigures {
  status: ContainerStatus;
  sandbox: SandboxRecord | undefined;
  /** Absent once the container has ended. */
  cgroup?: CgroupFigures;
  /** Nanoseconds of processor a second; absent at the first look. */
  cpuRate?: bigint;
  /** Folder whose filesystem holds what the container writes. */
  writableFolder: string;
  writable: FolderSize;
}

export interface SandboxFigures {
  sandbox: SandboxRecord;
  /** Nanoseconds since 1970. */
  at: bigint;
  containers: ContainerFigures[];
  interfaces: InterfaceFigures[];
}

/** What only the metrics tell of a container. */
export interface ContainerDetail extends ContainerFigures {
  processes: ProcessFigures;
  disk: { bytes: bigint; inodes: bigint; inodesFree: bigint };
}

export class StatsReader {
  readonly #context: NodeContext;
  readonly #rates = new CpuRates();
  readonly #sizes = new FolderSizes();

  constructor(context: NodeContext) {
    this.#context = context;
  }

  async container(record: ContainerRecord): Promise<ContainerFigures> {
    const { folder, upper } = containerFolders(this.#context, record.id);
    const sandbox = this.#context.sandboxes.get(record.sandboxID);
    const status = await statusOf(this.#context, record);
    const writable = await this.#sizes.of(upper);
    const bare = { status, sandbox, writable, writableFolder: folder };
    if (status.state === 'exited' || !sandbox) return bare;
    const cgroup = await readCgroup(cgroupOf(sandbox, record));
    if (!cgroup) return bare;
    const { usage } = cgroup.cpu;
    const cpuRate = usage === undefined ? undefined : this.#rates.note(record.id, cgroup.at, usage);
    return { ...bare, cgroup, ...(cpuRate === undefined ? {} : { cpuRate }) };
  }

  /** Of every container that has not ended. */
  async containers(records: readonly ContainerRecord[] = this.#context.containers.list()): Promise<ContainerFigures[]> {
    this.#rates.keep((id) => this.#context.containers.get(id) !== undefined);
    const all = await Promise.all(records.map((record) => this.container(record)));
    return all.filter(({ status }) => status.state !== 'exited');
  }

  async sandbox(sandbox: SandboxRecord): Promise<SandboxFigures> {
    const records = this.#context.containers.list().filter(({ sandboxID }) => sandboxID === sandbox.id);
    const containers = await this.containers(records);
    const running = containers.find(({ status }) => status.state === 'running');
    const interfaces = sandbox.ready ? await networkOf(sandbox, running?.status.record.pid) : [];
    return { sandbox, at: BigInt(Date.now()) * 1_000_000n, containers, interfaces };
  }

  async detail(figures: ContainerFigures): Promise<ContainerDetail> {
    const { sandbox, status, writableFolder } = figures;
    const path = sandbox && cgroupOf(sandbox, status.record);
    const { blocks, bsize, files, ffree } = await statfs(writableFolder, { bigint: true });
    return {
      ...figures,
      processes: await readProcesses(path),
      disk: { bytes: blocks * bsize, inodes: files, inodesFree: ffree },
    };
  }
}

/** The cgroup of a container, as its specification has it (`cgroupsPath`). */
export function cgroupOf(sandbox: SandboxRecord, record: ContainerRecord): string {
  return join(sandbox.cgroupParent, record.id);
}
