/** Everything that reads a checkpoint, one after the other: each must end with a result or with an error of ours. */
import {
  type Checkpoint,
  compareEnvironment,
  listExtractables,
  mountTree,
  openCheckpoint,
  openExtractContext,
  openMappedFiles,
  openRootfsDiff,
  readCgroups,
  readChanges,
  readCommandLine,
  readDumpFacts,
  readDumpLog,
  readEnvironment,
  readFileTable,
  readIpc,
  readKernelNamespaces,
  readMaps,
  readMounts,
  readNetwork,
  readOpenFiles,
  readProcesses,
  readRegisters,
  readSeccompFilters,
  readSockets,
  readStatistics,
  readStrings,
  readTasks,
} from '@stillframe/checkpoint';
import { bytesSource, StillframeError } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import { core_entry_march } from '@stillframe/criu-image/proto';
import { type NamedPattern, scanMemory, textPattern } from '@stillframe/forensics';

/** What became of one archive. */
export interface Outcome {
  /** Milliseconds of processor time: the machine may be busy with other things. */
  milliseconds: number;
  /** `read`, or the code of the error that ended it. */
  result: string;
}

const PATTERNS: readonly NamedPattern[] = [
  textPattern('TOKEN'),
  { id: 'expression', pattern: { kind: 'regex', source: 'TOK[EF]N' } },
  { id: 'hex', pattern: { kind: 'hex', source: '54 4f [0-2] 45' } },
];

/** Reads it all; `pages`: the memory as well, front to back. Throws what is no error of ours: a defect. */
export async function readEverything(archive: Uint8Array, { pages = true } = {}): Promise<Outcome> {
  const begin = process.cpuUsage();
  let result = 'read';
  try {
    await using checkpoint = await openCheckpoint(bytesSource(archive), {
      partial: true,
      decompression: { bytes: 256 << 20, ratioFloor: 32 << 20 },
    });
    await views(checkpoint);
    if (pages) await memory(checkpoint);
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    result = error.code;
  }
  const { user, system } = process.cpuUsage(begin);
  return { milliseconds: (user + system) / 1000, result };
}

async function views(checkpoint: Checkpoint): Promise<void> {
  const { images } = checkpoint;
  const files = await readFileTable(images);
  await using mapped = await ours(openMappedFiles(checkpoint));
  for (const { pid } of (await readProcesses(images)).slice(0, 20)) {
    await readCommandLine(images, pid);
    await files.openFiles(pid);
    await files.paths(pid);
    const space = await openAddressSpace(images, pid);
    if (!space) continue;
    await readMaps(space, files);
    for (const { start } of space.vmas.slice(0, 50))
      await space.read(start - 4n, new Uint8Array(64), { files: mapped });
  }
  const open = await readOpenFiles(images, await readProcesses(images));
  for (const { fileId } of open.descriptors) open.facts(fileId);
  for await (const _ of readSockets(images, open));
  await tasks(checkpoint);
  await surroundings(checkpoint);
  await taken(checkpoint);
  await readStatistics(images);
  await images.check();
  await using _diff = await ours(openRootfsDiff(checkpoint, { partial: true }));
}

async function tasks({ images, spec }: Checkpoint): Promise<void> {
  const filters = await readSeccompFilters(images, core_entry_march.X86_64);
  let count = 0;
  for await (const { pid, threads } of readTasks(images, { dumpable: true })) {
    count += 1;
    if (count > 20) break;
    compareEnvironment(await readEnvironment(images, pid), spec?.process.env);
    for (const { tid, facts } of threads.slice(0, 20)) {
      await readRegisters(images, tid);
      const last = facts.state === 'present' ? facts.seccomp.filter : undefined;
      if (last === undefined) continue;
      const chain = filters.chain(last);
      for (const index of chain) filters.disassemble(index);
      filters.verdicts(chain);
    }
  }
}

async function surroundings(checkpoint: Checkpoint): Promise<void> {
  const { images, spec, archive } = checkpoint;
  mountTree(await readMounts(images, { spec }));
  const namespaces = await readKernelNamespaces(images, { spec });
  await readNetwork(images, { namespaces });
  await readIpc(images, { namespaces });
  await readCgroups(images);
  await readDumpFacts(images);
  await readDumpLog(archive);
  for await (const _ of readChanges(checkpoint, { partial: true }));
}

/** What can be extracted, and the bytes of what is small. */
async function taken(checkpoint: Checkpoint): Promise<void> {
  for await (const thing of listExtractables(await openExtractContext(checkpoint))) {
    if (thing.form !== 'file' || (thing.content?.size ?? 0n) > 1n << 18n) continue;
    for await (const _ of thing.content?.pieces() ?? []);
  }
}

async function memory(checkpoint: Checkpoint): Promise<void> {
  const { images } = checkpoint;
  let texts = 0;
  for (const { pid } of (await readProcesses(images)).slice(0, 20)) {
    const space = await openAddressSpace(images, pid);
    if (!space) continue;
    for await (const _ of readStrings(space, { minimum: 8 })) {
      texts += 1;
      if (texts > 500) break;
    }
  }
  for await (const _ of scanMemory(checkpoint, PATTERNS, { limit: 10 }));
}

/** A damaged diff is an error of ours, and no reason to leave out the rest. */
async function ours<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (StillframeError.is(error)) return undefined;
    throw error;
  }
}
