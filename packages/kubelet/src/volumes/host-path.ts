/** hostPath: what must be there, and what is made (core/v1 HostPathType). */
import { mkdir, open, stat } from 'node:fs/promises';
import { systemCode, systemFact } from '@stillframe/core';
import { kubeletError } from '../errors.ts';
import type { Volume } from '../manifest/volume-schema.ts';

type HostPath = NonNullable<Volume['hostPath']>;

const JUDGES = {
  Directory: 'isDirectory',
  File: 'isFile',
  Socket: 'isSocket',
  CharDevice: 'isCharacterDevice',
  BlockDevice: 'isBlockDevice',
} as const;

/** Throws ERR_KUBELET_VOLUME where it is not as its type says. */
export async function prepareHostPath({ path, type }: HostPath): Promise<string> {
  if (type === '') return path;
  try {
    if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 });
    if (type === 'FileOrCreate') await makeFile(path);
  } catch (cause) {
    throw kubeletError('ERR_KUBELET_VOLUME', `hostPath ${path} ${systemFact(cause)}`, { cause });
  }
  const found = await stat(path).catch(() => undefined);
  const wanted = type.replace('OrCreate', '') as keyof typeof JUDGES;
  if (found?.[JUDGES[wanted]]()) return path;
  throw kubeletError('ERR_KUBELET_VOLUME', `hostPath ${path} is no ${wanted}`);
}

async function makeFile(path: string): Promise<void> {
  try {
    await using _file = await open(path, 'wx', 0o644);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
