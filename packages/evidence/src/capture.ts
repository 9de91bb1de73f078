/** What a capture says of itself: an in-toto statement (v1), kept beside the archive as `<archive>.evidence.json`. */
import { at, type Digest, isDigest, textAt } from '@stillframe/core';
import { askersOf, type CaptureAsker } from './askers.ts';
import { type DigestsAfter, decodeDigestsAfter, type UntoldPause } from './digests-after.ts';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import { evidenceError } from './errors.ts';
import type { MeasuredEntry, MeasuredMemory } from './measure.ts';
import { MERKLE_ALGORITHM } from './merkle.ts';
import { decodeStatement, encodeStatement } from './statement.ts';

export interface CaptureEvidence {
  archive: { name: string; digest: Digest; size: number };
  container: { id: string; name: string; podName: string; kubeNamespace: string; image: string; imageID: string };
  /** `runtime`: who wrote the archive, where that was not the one whose statement this is. */
  versions: { stillframe: string; runtime?: string; ociRuntime?: string; criu?: string };
  node: { hostname: string; kernel: string };
  /** The Kubernetes cluster that was asked, and the file beside the archive that holds what it knew of the pod. */
  cluster?: {
    server: string;
    context: string;
    podUid: string;
    kubelet: string;
    document: { name: string; digest: Digest; size: number };
  };
  /** RFC 3339. */
  startedAt: string;
  finishedAt: string;
  /** Who asked for it, in the order of their asking, as far as it is known. */
  askedBy?: readonly CaptureAsker[];
  /** How digests came after the archive; absent where whoever wrote it took them before it had its name. */
  digests?: DigestsAfter;
  /** Microseconds: outside measure of the whole freeze, and the shares that are known of it; or what is known of one that is not told. */
  pause: { truePause: number; dump: number; rootfsDiff: number } | UntoldPause;
  /** What was allowed and expected of the pause: microseconds, bytes, bytes a second. Absent where nobody set a limit. */
  pauseBudget?: {
    maxPause: number;
    overBudget: string;
    expected: number;
    memory: number;
    files: number;
    processes: number;
    rate: number;
  };
  /** What those inside, and those they speak to, could have noticed of the capture; a sentence each. */
  noticeable?: readonly string[];
  options: Readonly<Record<string, unknown>>;
  /** What a reader might expect in the archive and will not find. */
  notCaptured: readonly string[];
  /** What somebody had changed in the container before, as it was itself a copy; absent for a true one. */
  altered?: readonly string[];
  /** What the archive held, in its order. */
  contents?: { entries: readonly MeasuredEntry[]; memory: MeasuredMemory };
}

/** What is read back of evidence; it is untrusted until a signature says otherwise. */
export interface RecordedCapture {
  /** Name of the archive when it was made. */
  name: string;
  digest: Digest;
  /** Bytes of the archive when it was made, where they are recorded. */
  size?: number;
  /** The image as the container's request named it, where it is recorded. */
  image?: string;
  /** Whose checkpoint it is, where all of it is recorded. */
  container?: Pick<CaptureEvidence['container'], 'name' | 'podName' | 'kubeNamespace'>;
  /** RFC 3339 as written, where they are recorded. */
  startedAt?: string;
  finishedAt?: string;
  /** What a reader might expect in the archive and will not find. */
  notCaptured: readonly string[];
  /** What had been changed in the container before, as it was a copy itself. */
  altered: readonly string[];
  /** Microseconds; undefined where the runtime does not tell it. */
  truePause: number | undefined;
  /** Microseconds that it lasted at most, where no more than that is known. */
  pauseAtMost?: number;
  /** How digests came after the archive; undefined where they were taken as it was made. */
  digests?: DigestsAfter;
  /** Microseconds, where they are recorded; the filesystem's changes are a share of the pause unless taken live. */
  dump?: number;
  rootfsDiff?: number;
  /** When the filesystem's changes were taken, where it is recorded. */
  rootfs?: 'frozen' | 'live';
  /** Digest of what a cluster knew of the pod, as it was kept beside the archive. */
  clusterDocument?: Digest;
  signed: boolean;
}

/** Entries that a statement lists; beyond that it gives their number alone. 500 processes have 3,500. */
const MOST_ENTRIES = 50_000;

const PREDICATE_TYPE = 'urn:stillframe:capture:v1';

/** Path of the evidence that belongs to an archive. */
export function evidencePath(archive: string): string {
  return `${archive}.evidence.json`;
}

/** The evidence file's text. Without a node key it carries no signature, and says so by the empty list. */
export function encodeCapture({ archive, contents, askedBy, ...predicate }: CaptureEvidence): string {
  return encodeStatement({
    subject: [{ name: archive.name, digest: archive.digest }],
    predicateType: PREDICATE_TYPE,
    predicate: { ...predicate, ...askersOf(askedBy), size: archive.size, ...contentsOf(contents) },
  });
}

function contentsOf(contents: CaptureEvidence['contents']) {
  if (!contents) return {};
  const { entries, memory } = contents;
  return entries.length > MOST_ENTRIES ? { entryCount: entries.length, memory } : { entries, memory };
}

/** Reads an evidence file's text. Throws ERR_EVIDENCE_INVALID for anything that is not a capture's statement. */
export function decodeCapture(text: string): RecordedCapture {
  const envelope = decodeEnvelope(text);
  const statement = statementOf(envelope);
  const name = at(statement, 'subject', 0, 'name');
  const digest = `sha256:${String(at(statement, 'subject', 0, 'digest', 'sha256'))}`;
  const truePause = at(statement, 'predicate', 'pause', 'truePause');
  if (typeof name !== 'string' || !isDigest(digest) || !(isDuration(truePause) || truePause === null)) {
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement names no archive, digest or pause');
  }
  const [dump, rootfsDiff, atMost] = ['dump', 'rootfsDiff', 'atMost'].map((share) =>
    at(statement, 'predicate', 'pause', share),
  );
  const rootfs = at(statement, 'predicate', 'options', 'rootfsDiff');
  const size = at(statement, 'predicate', 'size');
  const image = at(statement, 'predicate', 'container', 'image');
  return {
    name,
    digest,
    ...(isDuration(size) ? { size } : {}),
    ...(typeof image === 'string' && image !== '' ? { image } : {}),
    ...containerOf(at(statement, 'predicate', 'container')),
    ...timesOf(at(statement, 'predicate')),
    notCaptured: textsOf(at(statement, 'predicate', 'notCaptured')),
    altered: textsOf(at(statement, 'predicate', 'altered')),
    truePause: truePause ?? undefined,
    ...(truePause === null && isDuration(atMost) ? { pauseAtMost: atMost } : {}),
    ...decodeDigestsAfter(at(statement, 'predicate', 'digests')),
    ...(isDuration(dump) ? { dump } : {}),
    ...(isDuration(rootfsDiff) ? { rootfsDiff } : {}),
    ...(rootfs === 'frozen' || rootfs === 'live' ? { rootfs } : {}),
    ...clusterOf(at(statement, 'predicate', 'cluster', 'document', 'digest')),
    signed: envelope.signatures.length > 0,
  };
}

function clusterOf(digest: unknown): Pick<RecordedCapture, 'clusterDocument'> {
  return typeof digest === 'string' && isDigest(digest) ? { clusterDocument: digest } : {};
}

function timesOf(predicate: unknown): Pick<RecordedCapture, 'startedAt' | 'finishedAt'> {
  const [startedAt, finishedAt] = [textAt(predicate, 'startedAt'), textAt(predicate, 'finishedAt')];
  return { ...(startedAt === '' ? {} : { startedAt }), ...(finishedAt === '' ? {} : { finishedAt }) };
}

function containerOf(value: unknown): Pick<RecordedCapture, 'container'> {
  const [name, podName, kubeNamespace] = ['name', 'podName', 'kubeNamespace'].map((key) => at(value, key));
  if (typeof name !== 'string' || typeof podName !== 'string' || typeof kubeNamespace !== 'string') return {};
  return { container: { name, podName, kubeNamespace } };
}

/** What a statement says the archive held; each undefined where it says nothing, as one of before does. */
export interface RecordedContents {
  entries: readonly MeasuredEntry[] | undefined;
  memory: MeasuredMemory | undefined;
}

/** Throws ERR_EVIDENCE_INVALID for what is no capture's statement, or lists what is no entry. */
export function decodeContents(text: string): RecordedContents {
  const statement = statementOf(decodeEnvelope(text));
  const entries = at(statement, 'predicate', 'entries');
  const memory = at(statement, 'predicate', 'memory');
  if ((entries !== undefined && !Array.isArray(entries)) || (memory !== undefined && !isMeasuredMemory(memory))) {
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement lists no entries or memory of this version');
  }
  return { entries: entries?.map(entryOf), memory };
}

function entryOf(value: unknown): MeasuredEntry {
  const [name, size, digest, root] = ['name', 'size', 'digest', 'root'].map((key) => at(value, key));
  if (typeof name === 'string' && isDuration(size)) {
    if (typeof digest === 'string' && isDigest(digest)) return { name, size, digest };
    if (isRoot(root)) return { name, size, root };
  }
  throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement lists an entry without name, size or digest');
}

function isMeasuredMemory(value: unknown): value is MeasuredMemory {
  const sound = isDuration(at(value, 'run')) && isDuration(at(value, 'leaves')) && isRoot(at(value, 'root'));
  return sound && at(value, 'algorithm') === MERKLE_ALGORITHM;
}

const isRoot = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

const statementOf = (envelope: Envelope) => decodeStatement(envelope, PREDICATE_TYPE, 'a capture');

/** JSON has `1e999`, too, which is read as infinite. */
const isDuration = (value: unknown): value is number => Number.isFinite(value) && Number(value) >= 0;

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}
