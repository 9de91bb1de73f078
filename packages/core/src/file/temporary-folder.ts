import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY_PREFIX } from './atomic-file.ts';

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** A fresh folder (mode 0700) inside `parent`, removed with all it holds at disposal. */
export async function openTemporaryFolder(parent: string, label = 'work'): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(parent, `${TEMPORARY_PREFIX}${label}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
