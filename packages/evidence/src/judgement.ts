/**
 * What a run of rules over an archive gave, as an in-toto statement (v1): inputs, versions, options, results. It says nothing of when
 * or by whom, so that a run over the same gives the same bytes; a signature of Ed25519 (RFC 8032) is the same, too, one of ECDSA is not.
 */
import { at, type Digest, isDigest } from '@stillframe/core';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import { evidenceError } from './errors.ts';
import { decodeStatement, encodeStatement } from './statement.ts';

/** The parts, each compared by itself. Values are plain JSON. */
export interface Judgement {
  readonly archive: { readonly name: string; readonly digest: Digest };
  readonly inputs: object;
  readonly versions: object;
  readonly options: object;
  readonly results: object;
}

/** Names of the parts, in their order. */
export const JUDGEMENT_PARTS = ['inputs', 'versions', 'options', 'results'] as const;

const PREDICATE_TYPE = 'urn:stillframe:judgement:v1';

/** The file's text, without a signature. */
export function encodeJudgement({ archive, inputs, versions, options, results }: Judgement): string {
  return encodeStatement({
    subject: [archive],
    predicateType: PREDICATE_TYPE,
    predicate: { inputs, versions, options, results },
  });
}

/** A judgement that was read; untrusted until a signature says otherwise. */
export interface RecordedJudgement {
  readonly envelope: Envelope;
  readonly archive: { readonly name: string; readonly digest: Digest };
  /** By the names of JUDGEMENT_PARTS; undefined for one that is not there. */
  readonly parts: Readonly<Record<string, unknown>>;
}

/** Reads the file's text; the signatures are not checked. Throws ERR_EVIDENCE_INVALID. */
export function decodeJudgement(text: string): RecordedJudgement {
  const envelope = decodeEnvelope(text);
  const statement = decodeStatement(envelope, PREDICATE_TYPE, 'a run of rules');
  const name = at(statement, 'subject', 0, 'name');
  const digest = `sha256:${String(at(statement, 'subject', 0, 'digest', 'sha256'))}`;
  if (typeof name !== 'string' || !isDigest(digest))
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement names no archive');
  const parts = Object.fromEntries(JUDGEMENT_PARTS.map((part) => [part, at(statement, 'predicate', part)]));
  return { envelope, archive: { name, digest }, parts };
}
