/** A restore as its sandbox and its own wishes make it: the request before, the copy of the images after. */
import { readFile } from 'node:fs/promises';
import type { Checkpoint } from '@stillframe/checkpoint';
import { harmless, type ReadOptions } from '@stillframe/core';
import { containerFolders } from '../container/folders.ts';
import type { ContainerRequest } from '../container/request.ts';
import type { NodeContext } from '../context.ts';
import { capabilityMask } from '../host/capabilities.ts';
import { confine, type Needs } from '../sandbox/confine.ts';
import { isForensic } from '../sandbox/isolation.ts';
import type { ContainerRecord, MountRequest, SandboxRecord } from '../store/records.ts';
import { ALTERED, type Alterations } from './alterations.ts';
import { type FittedImages, fitImages } from './fit-images.ts';
import { scrubMounts } from './service-account.ts';

/** `dumped`: destinations of the dump's bind mounts. Throws ERR_CONTAINER_INVALID for what a sandbox does not let in. */
export async function fitRequest(
  context: NodeContext,
  sandbox: SandboxRecord,
  asked: ContainerRequest,
  checkpoint: Checkpoint,
  { scrubTokens }: Alterations,
  dumped: readonly string[],
): Promise<{ request: ContainerRequest; notes: string[] }> {
  const { request, notes } = confine(sandbox, asked, needsOf(checkpoint));
  if (!scrubTokens) return { request, notes };
  const specified = checkpoint.metadata.mounts.filter(({ type }) => type === 'bind');
  const places = [...dumped, ...specified.map(({ destination }) => destination)];
  return { request: { ...request, mounts: await scrubMounts(context, sandbox, request.mounts, places) }, notes };
}

/** What the dumped processes take, by the sizes of their images. */
function needsOf({ archive, images }: Checkpoint): Needs {
  let memory = 0;
  for (const { kind, name } of images.images) {
    if (kind.name === 'pages') memory += archive.entries.get(`checkpoint/${name}`)?.size ?? 0;
  }
  return { memory, tasks: images.ids('core').length };
}

/** Fits the images that lie ready for the restore, once config.json is written. */
export async function fitCopy(
  context: NodeContext,
  sandbox: SandboxRecord,
  checkpoint: Checkpoint,
  id: string,
  { mounts, ...wishes }: Alterations & { mounts: readonly MountRequest[] },
  options: ReadOptions,
): Promise<FittedImages> {
  const folders = containerFolders(context, id);
  const readOnly = new Set(mounts.flatMap(({ readonly, containerPath }) => (readonly ? [containerPath] : [])));
  const capabilities = isForensic(sandbox) ? await capabilitiesIn(folders.spec) : undefined;
  return fitImages(context, checkpoint, folders.images, { ...wishes, readOnly, capabilities }, options);
}

/** CRIU gives threads the capabilities that they had, whatever the specification says. */
async function capabilitiesIn(path: string): Promise<bigint> {
  const spec = JSON.parse(await readFile(path, 'utf8')) as { process?: { capabilities?: { bounding?: string[] } } };
  return capabilityMask(spec.process?.capabilities?.bounding ?? []);
}

/** The record with what was changed in this copy, or in the one that was checkpointed; a true copy stays unmarked. */
export function marked(record: ContainerRecord, { metadata }: Checkpoint, now: readonly string[]): ContainerRecord {
  const before = metadata.annotations[ALTERED];
  const altered = [...(before === undefined ? [] : [harmless(before)]), ...now];
  if (altered.length === 0 || !record.restore) return record;
  return {
    ...record,
    annotations: { ...record.annotations, [ALTERED]: altered.join('; ') },
    restore: { ...record.restore, altered },
  };
}
