/**
 * The laid-out copy of an image set, made to fit this host, its sandbox and the request's wishes. The archive is read
 * only; every edit is planned over it and written to the copy.
 */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, clampTasks, planEnvironment, readOnlyMounts } from '@stillframe/checkpoint';
import { harmless, type ReadOptions } from '@stillframe/core';
import type { NodeContext } from '../context.ts';
import type { Alterations } from './alterations.ts';
import { scrubImages } from './scrub.ts';
import { taskBounds } from './task-bounds.ts';

export interface ImageWishes extends Alterations {
  /** Destinations of mounts that are to be read-only. */
  readOnly: ReadonlySet<string>;
  /** Capabilities that no thread may exceed, a mask; undefined: those of the dump. */
  capabilities?: bigint | undefined;
}

/** What was done, in words: `clamped` to what is allowed here, `altered` because somebody wanted it so. */
export interface FittedImages {
  clamped: string[];
  altered: string[];
}

/** `folder`: the copy. Throws ERR_EDIT_ENVIRONMENT, ERR_CRIU_EDIT_DAMAGED; the copy is then of no use. */
export async function fitImages(
  context: NodeContext,
  { images }: Checkpoint,
  folder: string,
  { readOnly, capabilities, environment, scrubTokens }: ImageWishes,
  options: ReadOptions = {},
): Promise<FittedImages> {
  const clamped = new Set<string>();
  const bounds = { ...(await taskBounds(context.capabilities)), capabilities };
  for (const edits of [clampTasks(images, bounds, clamped, options), readOnlyMounts(images, readOnly, options)]) {
    for await (const { image, bytes } of edits) await writeFile(join(folder, image), bytes, { mode: 0o600 });
  }
  const altered: string[] = [];
  const { writes, found } = await planEnvironment(images, environment, options);
  for (const { image, offset, bytes } of writes) {
    await using file = await open(join(folder, image), 'r+');
    await file.write(bytes, 0, bytes.length, offset);
  }
  for (const [name, pids] of found) altered.push(`variable ${harmless(name)} set in ${pids.length} process(es)`);
  if (scrubTokens) {
    altered.push(`service-account tokens scrubbed: ${await scrubImages(folder, options)} in the images`);
  }
  return { clamped: [...clamped], altered };
}
