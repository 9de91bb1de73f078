/** Evidence of a collected archive: the node's own where it lies beside it, else made here, after the fact, and kept with the record. */
import { hostname, release } from 'node:os';
import { type Checkpoint, demandRecorded, verifyArchive } from '@stillframe/checkpoint';
import { harmless, observedSource } from '@stillframe/core';
import { decodeCapture, type SigningKey } from '@stillframe/evidence';
import type { ContainerAddress } from '@stillframe/kubelet/names';
import { attestationOf, type ForeignCapture } from '../evidence/after-writing.ts';
import { type FoundEvidence, readEvidence } from '../image/evidence.ts';
import type { FoundArchive } from './archives.ts';
import type { ArchiveRecord } from './record.ts';
import type { StateFolder } from './state-folder.ts';

export interface AttestingOptions {
  readonly state: StateFolder;
  /** Whoever collects, as evidence names them. */
  readonly user: string;
  readonly node: string | undefined;
  readonly key: SigningKey | undefined;
  readonly signal: AbortSignal;
  onProgress(bytes: number): void;
  /** Notes in the chain of custody beside an archive that it is being opened. */
  readonly note: (path: string) => Promise<void>;
}

/** What is known once it has been read. */
export interface Attested {
  readonly record: ArchiveRecord;
  readonly evidence: FoundEvidence;
}

/**
 * Reads the archive once, unless a record says that this was done. `path`: where its bytes are. Throws
 * ERR_CHECKPOINT_DIGEST_MISMATCH where it is not what the evidence beside it records, ERR_EVIDENCE_INVALID, ERR_COLLECT_STATE, and what
 * attestationOf throws.
 */
export async function attest(
  found: FoundArchive,
  { path, checkpoint }: { path: string; checkpoint: Checkpoint },
  options: AttestingOptions,
): Promise<Attested> {
  const { state } = options;
  const known = state.recordOf(found);
  const kept = known && (await state.evidenceOf(found));
  if (known && kept) return { record: known, evidence: { ...decode(kept), bytes: kept } };
  const { text, digest } =
    (await besideIt(found, checkpoint, options)) ??
    (await attestationOf(path, captureOf(found, checkpoint, options.node), {
      ...options,
      name: found.name,
      onProgress: options.onProgress,
    }));
  const { name, version, size } = found;
  const record: ArchiveRecord = { ...known, name, version, size, digest };
  await state.keepEvidence(found, text);
  await state.keep(record);
  const bytes = new TextEncoder().encode(text);
  return { record, evidence: { ...decode(bytes), bytes } };
}

/** Undefined where there is none beside it. */
async function besideIt(
  { name, path }: FoundArchive,
  { archive }: Checkpoint,
  { signal, note, onProgress }: AttestingOptions,
) {
  const evidence = await readEvidence(path);
  const { bytes } = archive;
  if (!evidence || !bytes) return undefined;
  await note(path);
  const watched = observedSource(bytes, onProgress);
  const digest = await verifyArchive({ bytes: watched, label: name }, undefined, { signal });
  demandRecorded(digest, evidence.digest, name);
  return { text: new TextDecoder().decode(evidence.bytes), digest };
}

/** A name says when the kubelet was asked; when the runtime answered is known no better than by the last change. */
function captureOf(found: FoundArchive, checkpoint: Checkpoint, node: string | undefined): ForeignCapture {
  const { container, image, engine, engineVersion } = checkpoint.metadata;
  const { container: name, pod: podName, kubeNamespace } = addressOf(found, container);
  const written = engine === undefined ? 'a runtime that is not known' : [engine, engineVersion].join(' ').trim();
  return {
    container: {
      ...{ id: container.id ?? '', name, podName, kubeNamespace },
      ...{ image: image.requested ?? image.name ?? '', imageID: image.ref ?? '' },
    },
    runtime: harmless(written),
    startedAt: new Date(found.parsed.time),
    finishedAt: new Date(found.changed),
    pauseAtMost: undefined,
    askedBy: [],
    node: { hostname: node ?? hostname(), kernel: release() },
  };
}

/** Of the addresses that give the name the one that the archive names, else the first. */
function addressOf({ parsed }: FoundArchive, said: Checkpoint['metadata']['container']): ContainerAddress {
  const { addresses } = parsed;
  const agreeing = addresses.find(
    ({ kubeNamespace, container }) => kubeNamespace === said.kubeNamespace && container === said.name,
  );
  return agreeing ?? (addresses[0] as ContainerAddress);
}

const decode = (bytes: Uint8Array) => decodeCapture(new TextDecoder().decode(bytes));
