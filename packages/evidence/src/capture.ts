/** What a capture says of itself: an in-toto statement (v1), kept beside the archive as `<archive>.evidence.json`. */
import { type Digest, hexOf, isDigest } from '@stillframe/core';
import { decodeEnvelope, encodeEnvelope, parseObject } from './envelope.ts';
import { evidenceError } from './errors.ts';

export interface CaptureEvidence {
  archive: { name: string; digest: Digest; size: number };
  container: { id: string; name: string; podName: string; kubeNamespace: string; image: string; imageID: string };
  versions: { stillframe: string; ociRuntime: string; criu: string };
  node: { hostname: string; kernel: string };
  /** RFC 3339. */
  startedAt: string;
  finishedAt: string;
  /** Microseconds: outside measure of the whole freeze, and the shares that are known of it. */
  pause: { truePause: number; dump: number; rootfsDiff: number };
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
  /** What a reader might expect in the archive and will not find. */
  notCaptured: readonly string[];
  /** What had been changed in the container before, as it was a copy itself. */
  altered: readonly string[];
  /** Microseconds. */
  truePause: number;
  /** Microseconds, where they are recorded; the filesystem's changes are a share of the pause unless taken live. */
  dump?: number;
  rootfsDiff?: number;
  /** When the filesystem's changes were taken, where it is recorded. */
  rootfs?: 'frozen' | 'live';
  signed: boolean;
}

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'urn:stillframe:capture:v1';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** Path of the evidence that belongs to an archive. */
export function evidencePath(archive: string): string {
  return `${archive}.evidence.json`;
}

/** The evidence file's text. Without a node key it carries no signature, and says so by the empty list. */
export function encodeCapture({ archive, ...predicate }: CaptureEvidence): string {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: archive.name, digest: { sha256: hexOf(archive.digest) } }],
    predicateType: PREDICATE_TYPE,
    predicate: { ...predicate, size: archive.size },
  };
  const payload = new TextEncoder().encode(JSON.stringify(statement));
  return encodeEnvelope({ payloadType: PAYLOAD_TYPE, payload, signatures: [] });
}

/** Reads an evidence file's text. Throws ERR_EVIDENCE_INVALID for anything that is not a capture's statement. */
export function decodeCapture(text: string): RecordedCapture {
  const envelope = decodeEnvelope(text);
  const statement = parseObject(new TextDecoder().decode(envelope.payload), 'the statement');
  if (statement['_type'] !== STATEMENT_TYPE || statement['predicateType'] !== PREDICATE_TYPE) {
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement is not about a capture of this version');
  }
  const name = at(statement, 'subject', 0, 'name');
  const digest = `sha256:${String(at(statement, 'subject', 0, 'digest', 'sha256'))}`;
  const truePause = at(statement, 'predicate', 'pause', 'truePause');
  if (typeof name !== 'string' || !isDigest(digest) || !isDuration(truePause)) {
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement names no archive, digest or pause');
  }
  const [dump, rootfsDiff] = ['dump', 'rootfsDiff'].map((share) => at(statement, 'predicate', 'pause', share));
  const rootfs = at(statement, 'predicate', 'options', 'rootfsDiff');
  const size = at(statement, 'predicate', 'size');
  const image = at(statement, 'predicate', 'container', 'image');
  return {
    name,
    digest,
    ...(isDuration(size) ? { size } : {}),
    ...(typeof image === 'string' && image !== '' ? { image } : {}),
    ...containerOf(at(statement, 'predicate', 'container')),
    notCaptured: textsOf(at(statement, 'predicate', 'notCaptured')),
    altered: textsOf(at(statement, 'predicate', 'altered')),
    truePause,
    ...(isDuration(dump) ? { dump } : {}),
    ...(isDuration(rootfsDiff) ? { rootfsDiff } : {}),
    ...(rootfs === 'frozen' || rootfs === 'live' ? { rootfs } : {}),
    signed: envelope.signatures.length > 0,
  };
}

function containerOf(value: unknown): Pick<RecordedCapture, 'container'> {
  const [name, podName, kubeNamespace] = ['name', 'podName', 'kubeNamespace'].map((key) => at(value, key));
  if (typeof name !== 'string' || typeof podName !== 'string' || typeof kubeNamespace !== 'string') return {};
  return { container: { name, podName, kubeNamespace } };
}

const isDuration = (value: unknown): value is number => typeof value === 'number' && value >= 0;

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

function at(value: unknown, ...path: (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}
