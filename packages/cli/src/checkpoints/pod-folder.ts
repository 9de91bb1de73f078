/** The checkpoint of a pod: a folder with a list of its archives. It is one unit: without one of them the rest is no pod. */
import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decodePodOptions, POD_OPTIONS } from '@stillframe/checkpoint';
import { isObject, limits, readAll } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { podOwner } from './owner.ts';
import { KEEP, sideFilesOf } from './side-files.ts';
import type { CheckpointUnit } from './unit.ts';

/** What the pod was, beside its list. */
export const POD_DUMP = 'pod.dump';

/** Which archives a list names, and what it says of the pod. */
export interface PodList {
  readonly files: readonly string[];
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** The list in the file `path`; undefined for anything that is none, a link included. */
export async function readPodList(path: string): Promise<PodList | undefined> {
  const value = await readDocument(path);
  const contents = decodePodOptions(value);
  if (!contents) return undefined;
  const annotations = isObject(value) && isObject(value['annotations']) ? value['annotations'] : {};
  return { files: [...new Set(contents.values())], annotations };
}

/** The pod's checkpoint in `folder`; undefined where it holds none that is complete. `name`: how it is called where it is listed. */
export async function podUnit(
  folder: string,
  name: string,
  namesIn: () => Promise<readonly string[]>,
): Promise<CheckpointUnit | undefined> {
  const listPath = join(folder, POD_OPTIONS);
  const list = await readPodList(listPath);
  if (!list) return undefined;
  const archives = list.files.map((file) => join(folder, file));
  const found = await Promise.all(archives.map((path) => lstat(path, { bigint: true }).catch(() => undefined)));
  const own = await lstat(listPath, { bigint: true }).catch(() => undefined);
  if (!own || found.some((each) => !each?.isFile())) return undefined;
  const names = await namesIn();
  const dump = await readDocument(join(folder, POD_DUMP));
  const said = (key: string) => (isObject(dump) ? dump[key] : undefined);
  const time = Date.parse(String(said('checkpointedAt')));
  const pause = said('truePause');
  const text = (key: string) => {
    const value = list.annotations[`org.criu.checkpoint.pod.${key}`];
    return typeof value === 'string' ? value : '';
  };
  const withEvidence = list.files.every((file) => names.includes(`${file}.evidence.json`));
  return {
    kind: 'pod',
    name,
    path: folder,
    archives,
    ...podOwner(text('namespace'), text('name') || basename(folder)),
    time: Number.isNaN(time) ? undefined : time,
    parts: new Map(found.map((each, index) => [archives[index] ?? '', Number(each?.size ?? 0)])),
    pinned: isPinned([POD_OPTIONS, ...list.files], names),
    pause: typeof pause === 'number' ? pause : undefined,
    evidence: withEvidence ? 'unchecked' : 'none',
    inode: own.ino,
  };
}

/** Whether a pin lies beside one of `files`. */
export function isPinned(files: readonly string[], names: readonly string[]): boolean {
  return files.some((file) => sideFilesOf(file, names).includes(`${file}${KEEP}`));
}

async function readDocument(path: string): Promise<unknown> {
  try {
    if (!(await lstat(path)).isFile()) return undefined;
    await using source = await openFileSource(path);
    return JSON.parse(Buffer.from(await readAll(source, { limit: limits.manifest })).toString('utf8'));
  } catch {
    return undefined;
  }
}
