/** Turns bits of the archive of that path, 100 times, and reads all views of each: ends with the first error that is not ours. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { workerData } from 'node:worker_threads';
import { bytesSource, StillframeError } from '@stillframe/core';
import { core_entry_march } from '@stillframe/criu-image/proto';
import { readTarIndex } from './archive/reader.ts';
import { readCgroups } from './cgroup/cgroups.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { readDumpFacts } from './dump/dump-facts.ts';
import { readDumpLog } from './dump/dump-log.ts';
import { listExtractables, openExtractContext } from './extract/index.ts';
import { readFileTable } from './fd/file-table.ts';
import { readOpenFiles } from './fd/open-files.ts';
import { readIpc } from './ipc/system-v.ts';
import { mountTree } from './mount/mount-tree.ts';
import { readMounts } from './mount/mounts.ts';
import { readKernelNamespaces } from './namespace/kernel-namespaces.ts';
import { readNetwork } from './network/network.ts';
import { readCommandLine } from './process/command-line.ts';
import { processTree, readProcesses } from './process/process-tree.ts';
import { readStatistics } from './process/statistics.ts';
import { readChanges } from './rootfs/changes.ts';
import { openRootfsDiff } from './rootfs-diff.ts';
import { readSockets } from './socket/sockets.ts';
import { compareEnvironment, readEnvironment, readRegisters, readSeccompFilters, readTasks } from './task/index.ts';

async function readAllViews(checkpoint: Checkpoint): Promise<void> {
  const { images } = checkpoint;
  const files = await readFileTable(images);
  const processes = await readProcesses(images);
  processTree(processes);
  const open = await readOpenFiles(images, processes);
  for (const { fileId } of open.descriptors) open.pipe(fileId);
  await Array.fromAsync(readSockets(images, open));
  for (const { pid } of processes) {
    await readCommandLine(images, pid);
    await files.openFiles(pid);
    await files.paths(pid);
  }
  await readTaskViews(checkpoint);
  mountTree(await readMounts(images, { spec: checkpoint.spec }));
  const namespaces = await readKernelNamespaces(images, { spec: checkpoint.spec });
  await readNetwork(images, { namespaces });
  await readIpc(images, { namespaces });
  await readCgroups(images);
  await readDumpFacts(images);
  await readDumpLog(checkpoint.archive);
  await Array.fromAsync(readChanges(checkpoint, { partial: true }));
  await readStatistics(images);
  const things = await Array.fromAsync(listExtractables(await openExtractContext(checkpoint)));
  for (const thing of things) {
    if (thing.form === 'file' && (thing.content?.size ?? 0n) < 1n << 20n) {
      await Array.fromAsync(thing.content?.pieces() ?? []);
    }
  }
  await using _diff = await openRootfsDiff(checkpoint, { partial: true });
}

async function readTaskViews({ images, spec }: Checkpoint): Promise<void> {
  const filters = await readSeccompFilters(images, core_entry_march.X86_64);
  for await (const { pid, threads } of readTasks(images, { dumpable: true })) {
    compareEnvironment(await readEnvironment(images, pid), spec?.process.env);
    for (const { tid, facts } of threads) {
      await readRegisters(images, tid);
      if (facts.state === 'absent' || facts.seccomp.filter === undefined) continue;
      const chain = filters.chain(facts.seccomp.filter, facts.seccomp.begins);
      for (const index of chain) filters.disassemble(index);
      filters.verdicts(chain);
    }
  }
}

const bytes = await readFile(String(workerData));
const { entries } = await readTarIndex(bytesSource(bytes));
const small = [...entries.values()].filter(({ kind, size }) => kind === 'file' && size > 0 && size < 8192);
let seed = 7;
const random = (below: number) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
for (let round = 0; round < 100; round += 1) {
  const flipped = Buffer.from(bytes);
  for (let i = 0; i < 6; i += 1) {
    // Memory pages are most of an archive and cannot be wrong; the small files are where damage tells.
    const entry = small[random(small.length)];
    if (!entry) continue;
    const at = entry.offset + random(entry.size);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random(8));
  }
  try {
    await using checkpoint = await openCheckpoint(bytesSource(flipped), { partial: true });
    await readAllViews(checkpoint);
  } catch (error) {
    assert.ok(StillframeError.is(error), `round ${round}: ${error instanceof Error ? error.stack : error}`);
  }
}
