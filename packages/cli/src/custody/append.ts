/** One more line of a chain of custody: under a lock, behind the last line, in one write, synced. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { acquireLock, syncFolder } from '@stillframe/core/file';
import {
  CUSTODY_LINE_LIMIT,
  type CustodyFacts,
  type CustodyTail,
  custodyPath,
  encodeCustody,
  evidenceError,
  type SigningKey,
} from '@stillframe/evidence';

/** Milliseconds that another writer is waited for. */
const PATIENCE = 10_000;
/** A link in a folder of somebody else's must not lead us to write into another file. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Appends to the archive's chain, beginning it where there is none. The line is there whole or not at all, but for a
 * machine that fails in the middle: that line is then told by the next. Throws ERR_EVIDENCE_INVALID, the error of the lock,
 * or the system's.
 */
export async function appendCustody(
  archive: string,
  facts: CustodyFacts,
  { key, signal }: { key?: SigningKey | undefined; signal?: AbortSignal | undefined },
): Promise<void> {
  const path = custodyPath(archive);
  await using _lock = await acquireLock(`${path}.lock`, { patience: PATIENCE, signal });
  await using file = await open(path, FLAGS, 0o600);
  const found = await file.stat();
  if (!found.isFile() || found.nlink > 1) throw evidenceError('ERR_EVIDENCE_INVALID', `${path} is no file of its own`);
  const bytes = Buffer.from(encodeCustody(facts, await tailOf(file, found.size), key));
  try {
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten < bytes.length) throw evidenceError('ERR_EVIDENCE_INVALID', 'the entry was not written whole');
  } catch (error) {
    await file.truncate(found.size);
    throw error;
  }
  await file.sync();
  if (found.size === 0) await syncFolder(dirname(path));
}

async function tailOf(file: FileHandle, size: number): Promise<CustodyTail> {
  if (size === 0) return { line: undefined, ended: true };
  const bytes = Buffer.alloc(Math.min(size, CUSTODY_LINE_LIMIT + 2));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
  if (bytesRead < bytes.length) throw evidenceError('ERR_EVIDENCE_INVALID', 'the chain of custody became shorter');
  const ended = bytes.at(-1) === 0x0a;
  const text = ended ? bytes.subarray(0, -1) : bytes;
  const newline = text.lastIndexOf(0x0a);
  if (newline < 0 && bytes.length < size)
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the last line of the chain of custody is longer than any sound one');
  return { line: text.subarray(newline + 1), ended };
}
