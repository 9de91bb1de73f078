/** Laying an archive out for another engine: the documents are made anew, CRIU's images keep their bytes but for one mode. */
import { type ByteSource, isObject, type ReadOptions } from '@stillframe/core';
import { rewriteImage } from '@stillframe/criu-image';
import type { TarSourceEntry } from '../archive/tar-source.ts';
import { encodeDeletedFiles } from '../archive/writer-metadata.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { readJson } from '../metadata/json-fields.ts';
import { ROOTFS_DIFF } from '../rootfs-diff.ts';
import { containerdAnnotations, containerdConfigDump, encodeStatus, encodeStatusDump } from './containerd-documents.ts';
import { diffWithDeletions, diffWithWhiteouts } from './convert-diff.ts';
import { convertFacts } from './convert-facts.ts';
import { CRIO_LOG_ENTRY } from './crio.ts';
import { crioAnnotations, crioConfigDump } from './crio-documents.ts';
import { podmanConfigDump, podmanSpec, sharedNamespace } from './podman-documents.ts';
import type { ConversionTarget, TargetFacts } from './target.ts';

/**
 * Mode of every root folder that the engine makes: CRIU restores a process only below a root of the mode that it saw, and
 * no diff can change it, so the images are told (reg_file_entry.mode). Nothing else is made of the mode there.
 */
const ROOT_MODES: Readonly<Record<ConversionTarget, number>> = { 'cri-o': 0o555, containerd: 0o755, podman: 0o555 };
const PERMISSIONS = 0o7777;
/** Documents that are made anew, or that say the same in another engine's way. */
const REPLACED = new Set([
  'config.dump',
  'spec.dump',
  'status.dump',
  'status',
  'container.log',
  'deleted.files',
  CRIO_LOG_ENTRY,
  ROOTFS_DIFF,
]);
const FILES = 'checkpoint/files.img';
const BARE_ID = /^[0-9a-f]{64}$/;

/** Whether `engine` restores the archive as it is, so that nothing of it needs to change. */
export function isLaidOutFor({ metadata, documents, archive }: Checkpoint, engine: ConversionTarget): boolean {
  if (engine === 'podman' || metadata.engine === 'podman') return engine === metadata.engine;
  const status = archive.has('status.dump');
  if (engine === 'containerd') return status;
  const ref = documents.config?.rootfsImageRef;
  const told = documents.spec?.annotations.has('io.kubernetes.cri-o.Annotations') ?? false;
  return told && !status && (ref === undefined || BARE_ID.test(ref));
}

/**
 * The entries of an archive of Stillframe, CRI-O or containerd as `engine` restores them; the checkpoint must stay open
 * until they are written. Throws ERR_CHECKPOINT_CONVERSION for another source, for one that needs no conversion
 * (isLaidOutFor), and where the source does not say what the target needs.
 */
export async function convertFor(
  checkpoint: Checkpoint,
  engine: ConversionTarget,
  options: ReadOptions = {},
): Promise<TarSourceEntry[]> {
  const { metadata, archive } = checkpoint;
  const source = metadata.engine ?? 'an unknown engine';
  if (isLaidOutFor(checkpoint, engine)) {
    throw refused(`the archive is laid out for ${engine} already`, 'use it as it is');
  }
  if (!['stillframe', 'cri-o', 'containerd'].includes(source)) {
    const hint = 'archives of Stillframe, CRI-O and containerd can; restore others here and capture the copy';
    throw refused(`a checkpoint of ${source} cannot be laid out for ${engine}`, hint);
  }
  const facts = convertFacts(checkpoint);
  const spec = await readJson(archive.open('spec.dump'), 'spec.dump', options);
  if (!isObject(spec)) throw refused('spec.dump is no object');
  const documents = await LAYOUTS[engine](checkpoint, spec, facts, options);
  const kept = [...archive.entries.values()].filter(({ name, kind }) => kind === 'file' && !REPLACED.has(name));
  const files = await filesBelow(checkpoint, ROOT_MODES[engine], options);
  const images = kept.filter(({ name }) => name.startsWith('checkpoint/'));
  return [
    ...documents,
    ...kept.filter((entry) => !images.includes(entry)).map(({ name }) => document(name, archive.open(name))),
    { name: 'checkpoint/', mode: 0o700, body: undefined },
    ...images.map(({ name }) => document(name, (name === FILES && files) || archive.open(name))),
  ];
}

type Layout = (
  checkpoint: Checkpoint,
  spec: Readonly<Record<string, unknown>>,
  facts: TargetFacts,
  options: ReadOptions,
) => Promise<TarSourceEntry[]>;

const LAYOUTS: Readonly<Record<ConversionTarget, Layout>> = {
  async containerd(checkpoint, spec, facts, options) {
    const deleted = encodeDeletedFiles(checkpoint.documents.deletedFiles);
    return [
      document('config.dump', json(containerdConfigDump(facts))),
      document('spec.dump', json(annotated(spec, containerdAnnotations(facts)))),
      document('status.dump', encodeStatusDump(facts)),
      document('status', encodeStatus(facts)),
      ...(deleted ? [document('deleted.files', deleted)] : []),
      document(ROOTFS_DIFF, await diffWithWhiteouts(checkpoint, options)),
      ...logAs(checkpoint, 'container.log', CRIO_LOG_ENTRY),
    ];
  },
  async 'cri-o'(checkpoint, spec, facts, options) {
    return [
      document('config.dump', json(crioConfigDump(facts))),
      document('spec.dump', json(annotated(spec, crioAnnotations(facts)))),
      ...(await changesOf(checkpoint, options)),
      ...logAs(checkpoint, CRIO_LOG_ENTRY),
    ];
  },
  async podman(checkpoint, spec, facts, options) {
    const shared = sharedNamespace(spec);
    if (shared !== undefined) {
      const hint = 'restore it with Stillframe or CRI-O, or capture one that has its own pids and a pod’s network';
      throw refused(`podman has no ${shared} namespace such as the dump was taken in`, hint);
    }
    const own = podmanSpec(spec, facts);
    return [
      document('config.dump', json(podmanConfigDump(own, facts))),
      document('spec.dump', json(own)),
      document('network.status', json(null)),
      ...(await changesOf(checkpoint, options)),
      ...logAs(checkpoint, 'ctr.log'),
    ];
  },
};

/** Deletions as a list, and a diff without whiteouts. */
async function changesOf(checkpoint: Checkpoint, options: ReadOptions): Promise<TarSourceEntry[]> {
  const { diff, deleted } = await diffWithDeletions(checkpoint, options);
  const list = encodeDeletedFiles(deleted);
  return [...(diff ? [document(ROOTFS_DIFF, diff)] : []), ...(list ? [document('deleted.files', list)] : [])];
}

function logAs({ metadata, archive }: Checkpoint, ...names: string[]): TarSourceEntry[] {
  const { logEntry } = metadata;
  return logEntry === undefined ? [] : names.map((name) => document(name, archive.open(logEntry)));
}

function annotated(spec: Readonly<Record<string, unknown>>, more: Record<string, string>) {
  const annotations = isObject(spec['annotations']) ? spec['annotations'] : {};
  return { ...spec, annotations: { ...annotations, ...more } };
}

/** files.img where a root folder in it has another mode than `mode`. */
async function filesBelow({ images }: Checkpoint, mode: number, options: ReadOptions): Promise<Uint8Array | undefined> {
  const source = images.source('files', undefined);
  if (!source) return undefined;
  return rewriteImage(
    'files',
    source,
    ({ reg }) => {
      if (reg?.name !== '/' || reg.mode === undefined || (reg.mode & PERMISSIONS) === mode) return false;
      reg.mode = (reg.mode & ~PERMISSIONS) | mode;
      return true;
    },
    options,
  );
}

function document(name: string, body: Uint8Array | ByteSource): TarSourceEntry {
  return { name, mode: 0o600, body };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function refused(message: string, hint?: string) {
  return checkpointError('ERR_CHECKPOINT_CONVERSION', message, hint === undefined ? {} : { hint });
}
