/** What is decided about a restore before anything is laid out: the checks, the base image, the record to be. */
import type { Checkpoint } from '@stillframe/checkpoint';
import { harmless } from '@stillframe/core';
import { rfc3339 } from '../clock.ts';
import { newRecord } from '../container/create.ts';
import type { ContainerRequest } from '../container/request.ts';
import { maskedPathsOf } from '../container/spec-security.ts';
import type { NodeContext } from '../context.ts';
import type { ImageRecord, PullOptions } from '../image/image-store.ts';
import { nameFor } from '../image/names.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import { bindDestinations, maskingRuntime } from './adapt-spec.ts';
import type { Alterations } from './alterations.ts';
import { baseImage } from './base-image.ts';
import { type DumpFacts, readDumpFacts } from './dump-facts.ts';
import { environmentDifference } from './environment.ts';
import { fitRequest } from './fit-request.ts';
import { checkMasks, checkMounts, checkNamespaces } from './policy.ts';
import { planVolumes } from './volumes.ts';

export interface RestorePlan {
  record: ContainerRecord;
  /** The request as its sandbox and its wishes make it. */
  request: ContainerRequest;
  base: ImageRecord;
  facts: DumpFacts;
  /** Destinations of the dump's bind mounts. */
  dumped: readonly string[];
  /** What the sandbox does not let be as it was, in words. */
  notes: readonly string[];
  /** Puts the archive's volumes into their folders, by way of a work folder. */
  layVolumes: (work: string) => Promise<void>;
}

/** Nothing is on disk afterwards but a base image that was pulled. Throws ERR_RESTORE_REFUSED, ERR_RESTORE_ARCHIVE. */
export async function planRestore(
  context: NodeContext,
  sandbox: SandboxRecord,
  asked: ContainerRequest,
  checkpoint: Checkpoint,
  wishes: Alterations,
  pull: PullOptions,
): Promise<RestorePlan> {
  const { metadata } = checkpoint;
  const facts = await readDumpFacts(checkpoint, pull);
  const masked = maskedPathsOf(asked.security);
  const dumped = bindDestinations(facts, masked);
  const { request, notes } = await fitRequest(context, sandbox, asked, checkpoint, wishes, dumped);
  checkMounts(request.image, dumped, metadata, request.mounts);
  checkNamespaces(request.image, facts);
  const { name } = context.oci.named(sandbox.runtimeHandler);
  checkMasks(request.image, maskingRuntime(facts, masked), name);
  const layVolumes = await planVolumes(checkpoint, request.mounts, request.annotations);
  const { ignored } = await environmentDifference(checkpoint, request.env, pull);
  const base = await baseImage(context.images, metadata, pull);
  const record = restoredRecord(context, sandbox, request, base, checkpoint, ignored);
  return { record, request, base, facts, dumped, notes, layVolumes };
}

function restoredRecord(
  context: NodeContext,
  sandbox: SandboxRecord,
  request: ContainerRequest,
  base: ImageRecord,
  { metadata }: Checkpoint,
  ignored: readonly string[],
): ContainerRecord {
  const record = newRecord(context, sandbox, request, base);
  const names = ignored.map((name) => harmless(name));
  if (names.length > 0) {
    const text = 'environment of the request is not that of the memory and has no effect';
    context.logger.log('warn', text, { containerID: record.id, names });
  }
  const { requested, name = requested } = metadata.image;
  const image = { ...record.image, name: nameFor(base, name ?? '') };
  return {
    ...record,
    image: { ...image, requested: requested ?? image.name },
    restore: {
      requested: request.image,
      engine: metadata.engine ?? 'unknown',
      checkpointedAt: metadata.checkpointed ?? rfc3339('0'),
      sourceContainerID: metadata.container.id ?? '',
      ...(names.length > 0 ? { ignoredEnvironment: names } : {}),
    },
  };
}
