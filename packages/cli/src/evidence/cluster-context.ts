/** What a cluster knew of an archive's pod: the file beside it, and whether that is still what the evidence names. */
import { basename } from 'node:path';
import { type Digest, digestSource, harmless, isCode } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import type { Check } from '../verify/check.ts';

/** Path of what the cluster knew of an archive's pod. */
export function contextPath(archive: string): string {
  return `${archive}.cluster.json`;
}

/** Throws what reading throws, and the reason of the signal. */
export async function checkContext(archive: string, recorded: Digest, signal: AbortSignal): Promise<Check> {
  const path = contextPath(archive);
  try {
    await using source = await openFileSource(path);
    const digest = await digestSource(source, { signal });
    if (digest === recorded) return { state: 'holds', text: `what the cluster knew is as it was: ${recorded}` };
    return { state: 'fails', text: `${harmless(basename(path))} was changed: it is ${digest}, not ${recorded}` };
  } catch (error) {
    if (!isCode(error, 'ERR_FILE_UNREADABLE')) throw error;
    return { state: 'unchecked', text: `${harmless(basename(path))} is not beside the archive` };
  }
}
