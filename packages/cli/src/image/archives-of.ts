/** Which archives an argument means. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checkpointError, decodePodOptions, POD_OPTIONS } from '@stillframe/checkpoint';
import { limits } from '@stillframe/core';

/** The archives behind an argument: itself, or those of a pod's checkpoint, given as its folder or its pod.options. */
export async function archivesOf(what: string): Promise<string[]> {
  const list = basename(what) === POD_OPTIONS ? what : join(what, POD_OPTIONS);
  const found = await stat(list).catch(() => undefined);
  if (!found?.isFile() || found.size > limits.manifest) return [what];
  let value: unknown;
  try {
    value = JSON.parse(await readFile(list, 'utf8'));
  } catch (cause) {
    throw checkpointError('ERR_POD_ARCHIVES', `${list} is no JSON`, { cause });
  }
  const contents = decodePodOptions(value);
  if (!contents) throw checkpointError('ERR_POD_ARCHIVES', `${list} names no archives beside it`);
  return [...contents.values()].map((file) => join(dirname(list), file));
}
