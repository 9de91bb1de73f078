/** Laying an archive out for another engine: the documents are made anew, everything else keeps its bytes. */
import { type ByteSource, type ReadOptions, streamOf } from '@stillframe/core';
import type { WriterEntry } from '../archive/writer.ts';
import { endOfArchive } from '../archive/writer-header.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { isRecord, readJson } from '../metadata/json-fields.ts';
import { openRootfsDiff, ROOTFS_DIFF } from '../rootfs-diff.ts';
import {
  containerdAnnotations,
  containerdConfigDump,
  encodeStatus,
  encodeStatusDump,
  encodeWhiteouts,
} from './containerd-documents.ts';
import { CRIO_LOG_ENTRY } from './crio.ts';
import type { TargetEngine, TargetFacts } from './target.ts';

/** Mode of every root folder of containerd; CRI-O's are 0555, and no diff can change either. */
const CONTAINERD_ROOT = 0o755;
/** Documents that are made anew. */
const REPLACED = new Set([
  'config.dump',
  'spec.dump',
  'status.dump',
  'status',
  'container.log',
  CRIO_LOG_ENTRY,
  ROOTFS_DIFF,
]);

/**
 * The entries of an archive of CRI-O's layout, ours included, as `engine` restores them; the checkpoint must stay open
 * until they are written. Throws ERR_CHECKPOINT_CONVERSION for another direction, and where the source does not say
 * what the target needs.
 */
export async function convertFor(
  checkpoint: Checkpoint,
  engine: TargetEngine,
  options: ReadOptions = {},
): Promise<WriterEntry[]> {
  const { metadata, archive } = checkpoint;
  if (engine !== 'containerd' || (metadata.engine !== 'stillframe' && metadata.engine !== 'cri-o')) {
    throw checkpointError(
      'ERR_CHECKPOINT_CONVERSION',
      `a checkpoint of ${metadata.engine ?? 'an unknown engine'} cannot be laid out for ${engine}`,
      { hint: 'archives of Stillframe and CRI-O can, for containerd; restore the others here and capture the copy' },
    );
  }
  const mode = await rootMode(checkpoint, options);
  if (mode !== undefined && mode !== CONTAINERD_ROOT) {
    const text = `its root folder has mode 0${mode.toString(8)}, where containerd's has 0755 and CRIU allows no difference`;
    throw checkpointError('ERR_CHECKPOINT_CONVERSION', text, {
      hint: 'capture one made with `stillframe run --annotation io.stillframe.checkpoint/for=containerd`, or by a CRI client with that annotation',
    });
  }
  const facts = factsFrom(checkpoint);
  const spec = await readJson(archive.open('spec.dump'), 'spec.dump', options);
  if (!isRecord(spec)) throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'spec.dump is no object');
  const annotations = isRecord(spec['annotations']) ? spec['annotations'] : {};
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const document = (name: string, body: Uint8Array | ByteSource): WriterEntry => ({ name, mode: 0o600, body });
  const kept = [...archive.entries.values()].filter(({ name, kind }) => kind === 'file' && !REPLACED.has(name));
  const log = metadata.logEntry;
  return [
    document('config.dump', json(containerdConfigDump(facts))),
    document('spec.dump', json({ ...spec, annotations: { ...annotations, ...containerdAnnotations(facts) } })),
    document('status.dump', encodeStatusDump(facts)),
    document('status', encodeStatus(facts)),
    ...kept.filter(({ name }) => !name.startsWith('checkpoint/')).map(({ name }) => document(name, archive.open(name))),
    { name: 'checkpoint/', mode: 0o700, body: undefined },
    ...kept.filter(({ name }) => name.startsWith('checkpoint/')).map(({ name }) => document(name, archive.open(name))),
    ...(await diffWithWhiteouts(checkpoint, options)),
    ...(log === undefined
      ? []
      : [document('container.log', archive.open(log)), document(CRIO_LOG_ENTRY, archive.open(log))]),
  ];
}

function factsFrom({ metadata, documents }: Checkpoint): TargetFacts {
  const { container, image } = metadata;
  const digests = documents.spec?.annotations.get('io.kubernetes.cri-o.ImageRepoDigests') ?? '';
  // CRI-O writes one bare reference, we a list of them.
  const repoDigests = digests.match(/[^"[\],\s]+@sha256:[0-9a-f]{64}/g) ?? [];
  const name = image.name ?? image.requested;
  if (name === undefined) throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'it names no base image');
  return {
    containerID: container.id ?? '',
    containerName: container.name ?? 'container',
    attempt: 0,
    podName: container.podName ?? '',
    kubeNamespace: container.kubeNamespace ?? '',
    podUid: container.podUid ?? '',
    sandboxID: container.sandboxId ?? '',
    image: { requested: image.requested ?? name, name, repoDigests },
    createdAt: metadata.created ?? '',
    checkpointedAt: metadata.checkpointed ?? new Date(0).toISOString(),
    labels: metadata.labels,
    annotations: metadata.annotations,
    logPath: '',
  };
}

/** The diff with the deletions in it, and those first. */
async function diffWithWhiteouts(checkpoint: Checkpoint, options: ReadOptions): Promise<WriterEntry[]> {
  const parts: Uint8Array[] = [encodeWhiteouts(checkpoint.documents.deletedFiles, 0, false)];
  await using diff = await openRootfsDiff(checkpoint, options);
  let size = 0;
  for await (const chunk of diff?.tar ? streamOf(diff.tar, options) : [endOfArchive]) {
    size += chunk.length;
    if (size > LARGEST_DIFF)
      throw checkpointError('ERR_CHECKPOINT_CONVERSION', 'its rootfs-diff.tar is larger than 256 MiB');
    parts.push(Uint8Array.from(chunk));
  }
  return [{ name: ROOTFS_DIFF, mode: 0o600, body: Buffer.concat(parts) }];
}

/** Permission bits that the root folder had for the dumped processes. */
async function rootMode({ images }: Checkpoint, options: ReadOptions): Promise<number | undefined> {
  for await (const { reg } of images.entries('files', undefined, options)) {
    if (reg?.name === '/' && reg.mode !== undefined) return reg.mode & 0o7777;
  }
  return undefined;
}

/** A diff that gets other entries before its own is held in memory. */
const LARGEST_DIFF = 256 << 20;
