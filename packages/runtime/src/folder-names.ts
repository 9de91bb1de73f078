/** Names in a folder that need not be there. */
import { readdir } from 'node:fs/promises';
import { orAbsent } from '@stillframe/core';

/** The names in `folder`; none where there is no such folder. Any other failure is thrown: it may hide a mount. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await orAbsent(readdir(folder), 'ENOENT')) ?? [];
}
