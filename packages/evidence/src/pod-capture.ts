/**
 * What a capture of several containers says of itself as a whole, kept beside the list of its archives as
 * `pod.options.evidence.json`: which archive is whose, and which statement is about it. So none can be left out, put in
 * or exchanged for another of the same node.
 */
import { at, type Digest, isDigest } from '@stillframe/core';
import { askersOf, type CaptureAsker } from './askers.ts';
import type { CaptureEvidence } from './capture.ts';
import { decodeEnvelope } from './envelope.ts';
import { evidenceError } from './errors.ts';
import { decodeStatement, encodeStatement } from './statement.ts';

/** A container of the pod, and what was written of it. */
export interface PodPart {
  container: { name: string; id: string };
  /** Name of the archive, in the folder. */
  archive: string;
  /** Bytes of the archive. */
  size: number;
  digest: Digest;
  /** SHA-256 of the statement about the archive, without its envelope. */
  statement: Digest;
}

/** Another file of the folder. */
export interface PodDocument {
  name: string;
  digest: Digest;
}

export interface PodCaptureEvidence {
  pod: { name: string; kubeNamespace: string; sandboxID: string };
  parts: readonly PodPart[];
  documents: readonly PodDocument[];
  /** Whether all were captured at one instant. */
  atomic: boolean;
  versions: CaptureEvidence['versions'];
  node: CaptureEvidence['node'];
  /** RFC 3339. */
  startedAt: string;
  finishedAt: string;
  /** Microseconds that all stood still together; absent where they did not. */
  pause?: { truePause: number };
  askedBy?: readonly CaptureAsker[];
}

/** What is read back of it; untrusted until a signature says otherwise. */
export type RecordedPod = Pick<PodCaptureEvidence, 'pod' | 'parts' | 'documents' | 'atomic'>;

const PREDICATE_TYPE = 'urn:stillframe:pod-capture:v1';
/** Containers of a pod; a sound one has a dozen. */
const MOST = 1000;

/** The evidence file's text, without a signature. */
export function encodePodCapture({ parts, documents, askedBy, ...predicate }: PodCaptureEvidence): string {
  const subject = [...parts.map(({ archive, digest }) => ({ name: archive, digest })), ...documents];
  const containers = parts.map(({ container, archive, size, statement }) => ({
    ...container,
    archive,
    size,
    statement,
  }));
  return encodeStatement({
    subject,
    predicateType: PREDICATE_TYPE,
    predicate: { ...predicate, ...askersOf(askedBy), containers },
  });
}

/** Throws ERR_EVIDENCE_INVALID for what is no statement about a pod, or names what lies outside of its folder. */
export function decodePodCapture(text: string): RecordedPod {
  const statement = decodeStatement(decodeEnvelope(text), PREDICATE_TYPE, 'a pod');
  const documents = subjectsOf(at(statement, 'subject'));
  const containers = at(statement, 'predicate', 'containers');
  if (!Array.isArray(containers) || containers.length === 0 || containers.length > MOST) throw invalid();
  const parts = containers.map((each): PodPart => {
    const [name, id, archive, statementDigest] = ['name', 'id', 'archive', 'statement'].map((key) => textAt(each, key));
    const size = at(each, 'size');
    const digest = archive === undefined ? undefined : documents.get(archive);
    // Two containers with one archive: the second finds it taken.
    if (archive !== undefined) documents.delete(archive);
    if (name === undefined || id === undefined || archive === undefined || digest === undefined) throw invalid();
    if (typeof size !== 'number' || statementDigest === undefined || !isDigest(statementDigest)) throw invalid();
    return { container: { name, id }, archive, size, digest, statement: statementDigest };
  });
  const pod = at(statement, 'predicate', 'pod');
  const [name, kubeNamespace, sandboxID] = ['name', 'kubeNamespace', 'sandboxID'].map((key) => textAt(pod, key));
  if (name === undefined || kubeNamespace === undefined || sandboxID === undefined) throw invalid();
  return {
    pod: { name, kubeNamespace, sandboxID },
    parts,
    documents: [...documents].map(([document, digest]) => ({ name: document, digest })),
    atomic: at(statement, 'predicate', 'atomic') === true,
  };
}

function subjectsOf(value: unknown): Map<string, Digest> {
  if (!Array.isArray(value) || value.length > 2 * MOST) throw invalid();
  const found = new Map<string, Digest>();
  for (const each of value) {
    const name = textAt(each, 'name');
    const digest = `sha256:${textAt(at(each, 'digest'), 'sha256')}`;
    if (name === undefined || !isPlainName(name) || !isDigest(digest) || found.has(name)) throw invalid();
    found.set(name, digest);
  }
  return found;
}

/** It is joined to the folder's path. */
function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.length <= 255 && !/[/\0]/.test(name);
}

function textAt(value: unknown, key: string): string | undefined {
  const found = at(value, key);
  return typeof found === 'string' ? found : undefined;
}

const invalid = () => evidenceError('ERR_EVIDENCE_INVALID', 'the statement lists no archives of a pod in its folder');
