/** An archive that is sealed with age, opened where it lies. */
import { lstat, stat } from 'node:fs/promises';
import { isAge, openAge } from '@stillframe/age';
import { type ByteSource, type Digest, Sha256, streamOf, UndoStack } from '@stillframe/core';
import { openFileSource, writeAtomically } from '@stillframe/core/file';
import { showProgress } from './display/progress.ts';
import { type FoundEvidence, readEvidence } from './image/evidence.ts';
import type { Io } from './io.ts';
import { readIdentities } from './key-files.ts';
import { cliError } from './usage.ts';

/** What sealed archives are called. */
export const SEALED = '.age';

/** What was sealed, decrypted as it is read. */
export interface SealedSource extends ByteSource, AsyncDisposable {}

/** Undefined for what is no age file. Throws the errors of openAge and readIdentities. */
export async function openSealed(
  path: string,
  identities: readonly string[] | undefined,
  io: Pick<Io, 'err' | 'signal'>,
): Promise<SealedSource | undefined> {
  if (!(await stat(path).catch(() => undefined))?.isFile()) return undefined;
  const { signal } = io;
  const closing = new UndoStack();
  try {
    const file = await openFileSource(path);
    closing.push('file', () => file[Symbol.asyncDispose]());
    if (!(await isAge(file, { signal }))) {
      await closing[Symbol.asyncDispose]();
      return undefined;
    }
    const source = await openAge(file, await readIdentities(identities ?? [], io), { signal, label: path });
    return { ...source, [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose]() };
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

/** Throws ERR_CHECKPOINT_EXISTS before any work is done; whoever is quicker meanwhile is still not overwritten. */
export async function demandFree(target: string): Promise<void> {
  if (await lstat(target).catch(() => undefined)) throw cliError('ERR_CHECKPOINT_EXISTS', `${target} exists already`);
}

/**
 * Writes what was sealed to `target`, which must not exist: whole, or not at all, nor where `check` throws for its digest.
 * Throws ERR_FILE_EXISTS, ERR_AGE_DAMAGED.
 */
export async function writeUnsealed(
  source: ByteSource,
  target: string,
  io: Io,
  check: (digest: Digest) => void,
): Promise<Digest> {
  using progress = showProgress(io, 'unsealing');
  const hash = new Sha256();
  let digest: Digest | undefined;
  await writeAtomically(
    target,
    async (file) => {
      for await (const chunk of streamOf(source, { signal: io.signal })) {
        hash.update(chunk);
        progress.update(hash.size, source.size);
        await file.writeFile(chunk);
      }
      digest = hash.digest();
      check(digest);
    },
    { replace: false },
  );
  return digest as Digest;
}

/** `path` without the ending of sealed archives; undefined where it has none. */
export function unsealedName(path: string): string | undefined {
  return path.endsWith(SEALED) && path.length > SEALED.length ? path.slice(0, -SEALED.length) : undefined;
}

/**
 * The evidence about what is sealed in `path`: beside that, or beside the archive that it was made of. Throws as
 * readEvidence does.
 */
export async function readSealedEvidence(path: string): Promise<FoundEvidence | undefined> {
  const name = unsealedName(path);
  return (await readEvidence(path)) ?? (name === undefined ? undefined : await readEvidence(name));
}
