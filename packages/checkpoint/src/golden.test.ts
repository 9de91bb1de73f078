/** The four fixtures, read whole and held against golden files; UPDATE_GOLDEN=1 writes those anew. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openAddressSpace } from '@stillframe/criu-image';
import { core_entry_march } from '@stillframe/criu-image/proto';
import { readCgroups } from './cgroup/cgroups.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { readDumpFacts } from './dump/dump-facts.ts';
import { readDumpLog } from './dump/dump-log.ts';
import { readFileTable } from './fd/file-table.ts';
import { readIpc } from './ipc/system-v.ts';
import { readMounts } from './mount/mounts.ts';
import { readKernelNamespaces } from './namespace/kernel-namespaces.ts';
import { readNetwork } from './network/network.ts';
import { commandLineOf } from './process/command-line.ts';
import { readProcesses } from './process/process-tree.ts';
import { readStatistics } from './process/statistics.ts';
import { readChanges } from './rootfs/changes.ts';
import { readSeccompFilters } from './task/seccomp/filters.ts';
import { readRegisters, readTasks } from './task/task.ts';

const at = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

function jsonOf(value: unknown): string {
  const plain = (_key: string, item: unknown) =>
    typeof item === 'bigint' ? `0x${item.toString(16)}` : item instanceof Map ? Object.fromEntries(item) : item;
  return `${JSON.stringify(value, plain, 2)}\n`;
}

async function golden(name: string, value: unknown): Promise<void> {
  const path = at(`__golden__/${name}.json`);
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, jsonOf(value));
  assert.equal(jsonOf(value), await readFile(path, 'utf8'), name);
}

async function surroundings(checkpoint: Checkpoint) {
  const { images, spec, archive } = checkpoint;
  const namespaces = await readKernelNamespaces(images, { spec });
  return {
    namespaces,
    network: await readNetwork(images, { namespaces }),
    ipc: await readIpc(images, { namespaces }),
    cgroups: await readCgroups(images),
    changes: await Array.fromAsync(readChanges(checkpoint, { digests: true })),
    dump: await readDumpFacts(images),
    log: await readDumpLog(archive),
  };
}

for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis']) {
  test(`${name} reads as its golden files say`, async () => {
    await using checkpoint = await openCheckpoint(at(`${name}.tar`));
    const { images, metadata, documents, spec } = checkpoint;
    await golden(`${name}.metadata`, { metadata, documents });
    const files = await readFileTable(images);
    const processes = [];
    const open = [];
    for (const process of await readProcesses(images)) {
      const space = await openAddressSpace(images, process.pid);
      processes.push({ ...process, ...(await commandLineOf(space)), paths: await files.paths(process.pid) });
      open.push({ pid: process.pid, files: await files.openFiles(process.pid) });
    }
    await golden(`${name}.processes`, processes);
    await golden(`${name}.files`, open);
    const tasks = [];
    for await (const task of readTasks(images, { dumpable: true })) {
      tasks.push({ ...task, registers: await readRegisters(images, task.pid) });
    }
    const filters = await readSeccompFilters(images, core_entry_march.X86_64);
    const seccomp = filters.count === 0 ? undefined : { filter: filters.filter(0), verdicts: filters.verdicts([0]) };
    await golden(`${name}.tasks`, { tasks, seccomp });
    const statistics = await readStatistics(images);
    await golden(`${name}.mounts`, { mounts: await readMounts(images, { spec }), statistics });
    await golden(`${name}.surroundings`, await surroundings(checkpoint));
    assert.deepEqual(checkpoint.diagnostics(), []);
  });
}
