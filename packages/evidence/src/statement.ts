/** An in-toto statement (v1) in its envelope: subjects with their digests, and what is said of them. */
import { type Digest, digestOf, hexOf } from '@stillframe/core';
import { decodeEnvelope, type Envelope, encodeEnvelope, parseObject } from './envelope.ts';
import { evidenceError } from './errors.ts';

export interface Statement {
  subject: readonly { name: string; digest: Digest }[];
  predicateType: string;
  predicate: object;
}

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The text of an evidence file, without a signature. */
export function encodeStatement({ subject, predicateType, predicate }: Statement): string {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: subject.map(({ name, digest }) => ({ name, digest: { sha256: hexOf(digest) } })),
    predicateType,
    predicate,
  };
  const payload = new TextEncoder().encode(JSON.stringify(statement));
  return encodeEnvelope({ payloadType: PAYLOAD_TYPE, payload, signatures: [] });
}

/** The statement as it was written. Throws ERR_EVIDENCE_INVALID for one of another type than `predicateType`, which is `about`. */
export function decodeStatement(
  { payloadType, payload }: Pick<Envelope, 'payloadType' | 'payload'>,
  predicateType: string,
  about: string,
): Record<string, unknown> {
  // The type is signed with the payload, so that nothing that a key has signed for another purpose is taken for a statement.
  if (payloadType !== PAYLOAD_TYPE)
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the envelope holds something else than a statement');
  const statement = parseObject(new TextDecoder().decode(payload), 'the statement');
  if (statement['_type'] === STATEMENT_TYPE && statement['predicateType'] === predicateType) return statement;
  throw evidenceError('ERR_EVIDENCE_INVALID', `the statement is not about ${about} of this version`);
}

/**
 * The envelope with `more` in the statement's predicate, and without signatures: those that there were are about another one.
 * Throws ERR_EVIDENCE_INVALID.
 */
export function addToStatement({ payloadType, payload }: Envelope, more: Readonly<Record<string, unknown>>): Envelope {
  const statement = parseObject(new TextDecoder().decode(payload), 'the statement');
  const { predicate } = statement;
  if (typeof predicate !== 'object' || predicate === null)
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement says nothing');
  const added = { ...statement, predicate: { ...predicate, ...more } };
  return { payloadType, payload: new TextEncoder().encode(JSON.stringify(added)), signatures: [] };
}

/** SHA-256 of the statement in an evidence file's text, without its envelope: signatures may be added to that. Throws ERR_EVIDENCE_INVALID. */
export function statementDigestOf(text: string): Digest {
  return digestOf(decodeEnvelope(text).payload);
}
