/** Which checkpoints somebody works with now: by the node's journal, by the files that processes have open, by their first bytes. */
import { constants } from 'node:fs';
import { open, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BLOCK, decodeTarHeader, sniffCompression } from '@stillframe/checkpoint';
import type { OperationNote } from '@stillframe/runtime';
import { type CheckpointUnit, hold } from './unit.ts';

/** Holds every unit that must not be removed now. `operations`: the folder of a node's journal, which need not be there. */
export async function holdUsed(units: readonly CheckpointUnit[], operations: string): Promise<CheckpointUnit[]> {
  const [noted, opened] = [await notedPaths(operations), await openPaths(units)];
  const held: CheckpointUnit[] = [];
  for (const unit of units) {
    const { path, archives } = unit;
    if (archives.some((archive) => noted.writing.has(archive))) held.push(hold(unit, 'being written', false));
    else if ([path, ...archives.map(dirname)].some((each) => noted.reading.has(each)))
      held.push(hold(unit, 'being restored', true));
    else if (archives.some((archive) => opened.has(archive))) {
      const pid = archives.map((archive) => opened.get(archive)).find((each) => each !== undefined);
      held.push(hold(unit, `open in process ${pid}`, true));
    } else held.push((await isArchives(unit)) ? unit : hold(unit, 'no archive, whatever its name says', false));
  }
  return held;
}

/** Archives that get their names, and folders that are restored from, by the journal of a node. */
async function notedPaths(operations: string): Promise<{ writing: Set<string>; reading: Set<string> }> {
  const [writing, reading] = [new Set<string>(), new Set<string>()];
  for (const name of await readdir(operations).catch(() => [])) {
    if (!name.endsWith('.json')) continue;
    // One that has ended meanwhile is gone.
    const note = await readFile(join(operations, name), 'utf8')
      .then((text) => JSON.parse(text) as OperationNote)
      .catch(() => undefined);
    if (note?.kind === 'checkpoint') for (const { to } of note.publication?.files ?? []) writing.add(to);
    if (note?.kind === 'restore-pod' && note.checkpointPath !== undefined) reading.add(note.checkpointPath);
  }
  return { writing, reading };
}

/** Archives that a process has open, with one that has; those of other users are seen by root alone, and on Linux. */
async function openPaths(units: readonly CheckpointUnit[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const byName = Map.groupBy(
    units.flatMap(({ archives }) => archives),
    (path) => basename(path),
  );
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^[0-9]+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    for (const fd of await readdir(folder).catch(() => [])) {
      const link = join(folder, fd);
      const target = await readlink(link).catch(() => '');
      for (const path of byName.get(basename(target)) ?? []) if (await isSame(link, path)) found.set(path, pid);
    }
  }
  return found;
}

/** By file and not by path: a process may see the folder elsewhere. */
async function isSame(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

/** Whether each begins as an archive does. What evidence vouches for by its size is one, however it begins. */
async function isArchives({ archives, evidence, kind }: CheckpointUnit): Promise<boolean> {
  if (evidence === 'unchecked' && kind === 'archive') return true;
  return (await Promise.all(archives.map(beginsAsArchive))).every((each) => each);
}

/** By a tar header or the magic of a compression. False also for what cannot be read, or is no regular file. */
export async function beginsAsArchive(path: string): Promise<boolean> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) return false;
    const head = new Uint8Array(BLOCK);
    const { bytesRead } = await file.read(head, 0, BLOCK, 0);
    return sniffCompression(head.subarray(0, bytesRead)) !== 'none' || decodeTarHeader(head).kind === 'header';
  } catch {
    return false;
  }
}
