/** The node's own key, which signs the evidence of its captures and its entries in chains of custody. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode, orAbsent } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import { makeSigningKey, publicPemOf, readSigningKey, type SigningKey } from '@stillframe/evidence';
import { foldersOf, type NodePaths } from '@stillframe/runtime/place';
import type { NodeConfig } from './config.ts';

/** `signingKey` of the configuration, or a file among the node's certificates. */
export function signingKeyPath(paths: NodePaths, { signingKey }: NodeConfig): string {
  return signingKey ?? join(foldersOf(paths).pki, 'evidence.key');
}

/** Where the public half is written: for those who verify. */
export function publicKeyPath(path: string): string {
  return `${path.replace(/\.key$/, '')}.pub`;
}

/**
 * Reads the key, making one (ECDSA P-256, mode 0600) where there is none, and writes its public half beside it where that
 * is missing or of another key. Throws ERR_EVIDENCE_KEY, and the system's error.
 */
export async function openSigningKey(path: string): Promise<SigningKey> {
  const key = (await readIfThere(path)) ?? (await made(path));
  const [open, pem] = [publicKeyPath(path), publicPemOf(key)];
  const found = await readFile(open, 'utf8').catch(() => undefined);
  if (found !== pem) await writeTextAtomically(open, pem, { mode: 0o644 });
  return key;
}

async function made(path: string): Promise<SigningKey> {
  try {
    await writeTextAtomically(path, makeSigningKey('p256'), { replace: false });
  } catch (error) {
    // Another start was first: its key counts.
    if (!isCode(error, 'ERR_FILE_EXISTS')) throw error;
  }
  return readSigningKey(await readFile(path, 'utf8'));
}

async function readIfThere(path: string): Promise<SigningKey | undefined> {
  const pem = await orAbsent(readFile(path, 'utf8'), 'ENOENT');
  return pem === undefined ? undefined : readSigningKey(pem);
}
