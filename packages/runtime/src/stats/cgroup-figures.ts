/** All figures of one cgroup. */
import { type CgroupFolder, openCgroup } from './cgroup-folder.ts';
import { cpuV1, ioV1, memoryV1 } from './cgroup-v1.ts';
import { cpuV2, ioV2, memoryV2, pressureOf } from './cgroup-v2.ts';
import type { CgroupFigures } from './figures.ts';

/** Undefined where the cgroup is gone. */
export async function readCgroup(path: string): Promise<CgroupFigures | undefined> {
  const folder = await openCgroup(path);
  return folder && figuresOf(folder);
}

async function figuresOf(folder: CgroupFolder): Promise<CgroupFigures> {
  const two = folder.version === 2;
  const at = BigInt(Date.now()) * 1_000_000n;
  const [cpu, memory, io, processes, processLimit, ofCpu, ofMemory, ofIo] = await Promise.all([
    two ? cpuV2(folder) : cpuV1(folder),
    two ? memoryV2(folder) : memoryV1(folder),
    two ? ioV2(folder) : ioV1(folder),
    folder.number('pids', 'pids.current'),
    folder.number('pids', 'pids.max'),
    pressureOf(folder, 'cpu'),
    pressureOf(folder, 'memory'),
    pressureOf(folder, 'io'),
  ]);
  return {
    at,
    cpu,
    memory,
    io,
    ...(processes === undefined ? {} : { processes }),
    ...(processLimit === undefined ? {} : { processLimit }),
    pressure: {
      ...(ofCpu ? { cpu: ofCpu } : {}),
      ...(ofMemory ? { memory: ofMemory } : {}),
      ...(ofIo ? { io: ofIo } : {}),
    },
  };
}
