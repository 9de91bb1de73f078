/**
 * The chain of custody of an archive: a JSON line for everybody who had it, each with the digest of the line before, kept
 * beside it as `<archive>.custody.jsonl`. Who can write the file can end it earlier or write it anew, as any such chain:
 * signatures, and the digest of the last line kept elsewhere, are what shows that.
 */
import { type Digest, digestOf, isDigest } from '@stillframe/core';
import { parseObject } from './envelope.ts';
import { evidenceError } from './errors.ts';
import type { SigningKey } from './key.ts';
import { signatureOf } from './sign.ts';

/** Who did what with an archive, and when. */
export interface CustodyFacts {
  /** RFC 3339, by the clock of the machine. */
  at: string;
  /** `from`: the address of a request that came over a network. */
  who: { user: string; host: string; from?: string };
  tool: { name: string; version: string };
  /** What was done, as the command is called. */
  action: string;
  /** The command's words; values that may be secrets are left out. */
  arguments?: readonly string[];
  /** What the evidence beside said the archive is. */
  archive?: { name: string; digest: Digest };
  /** SHA-256 of the statement, without its envelope: signatures may be added to that. */
  statement?: Digest;
  /** How it ended, where that is known. */
  outcome?: string;
}

export interface CustodyEntry extends CustodyFacts {
  /** Digest of the line before, without its newline; null in the first. */
  previous: Digest | null;
  /** The line before was being written when its writer was killed, and is no entry. */
  afterTorn?: true;
  /** Over the entry without this field (DSSE v1). */
  signature?: { keyid: string; sig: string };
}

/** The end of a chain, which the next entry goes behind. */
export interface CustodyTail {
  /** Bytes of the last line without its newline; undefined for no chain yet. */
  line: Uint8Array | undefined;
  /** Whether a newline ends it. */
  ended: boolean;
}

/** Bytes of one line. */
export const CUSTODY_LINE_LIMIT = 64 << 10;
const PAYLOAD_TYPE = 'application/vnd.stillframe.custody.v1+json';

/** Path of the chain that belongs to an archive. */
export function custodyPath(archive: string): string {
  return `${archive}.custody.jsonl`;
}

/**
 * What is to be appended, in one write, so that `facts` stand behind `tail`. A torn line before stays where it is, ended
 * by a newline and told. Throws ERR_EVIDENCE_INVALID for facts that make a line of more than 64 KiB.
 */
export function encodeCustody(facts: CustodyFacts, tail: CustodyTail, key?: SigningKey): string {
  const torn = tail.line !== undefined && !tail.ended && parseCustody(tail.line) === undefined;
  const entry: CustodyEntry = {
    previous: tail.line === undefined ? null : digestOf(tail.line),
    ...(torn ? { afterTorn: true as const } : {}),
    ...facts,
  };
  const signed = key ? { ...entry, signature: signatureOf(PAYLOAD_TYPE, signedBytes(entry), key) } : entry;
  const line = JSON.stringify(signed);
  if (Buffer.byteLength(line) > CUSTODY_LINE_LIMIT)
    throw evidenceError('ERR_EVIDENCE_INVALID', 'an entry of the chain of custody would be longer than any sound one');
  return `${tail.line !== undefined && !tail.ended ? '\n' : ''}${line}\n`;
}

/** An entry, or undefined for what is none. Untrusted. */
export function parseCustody(line: Uint8Array): CustodyEntry | undefined {
  if (line.length > CUSTODY_LINE_LIMIT) return undefined;
  try {
    const entry = parseObject(new TextDecoder('utf-8', { fatal: true }).decode(line), 'the entry');
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** The payload that an entry's signature is over, and its type. */
export function custodyPayload({ signature, ...entry }: CustodyEntry): { payloadType: string; payload: Uint8Array } {
  return { payloadType: PAYLOAD_TYPE, payload: signedBytes(entry) };
}

function signedBytes(entry: Omit<CustodyEntry, 'signature'>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

function isEntry(value: object): value is CustodyEntry {
  const { previous, at, who, tool, action, signature, archive, statement } = value as Record<string, unknown>;
  return (
    (previous === null || isDigestText(previous)) &&
    typeof at === 'string' &&
    typeof action === 'string' &&
    hasTexts(who, 'user', 'host') &&
    hasTexts(tool, 'name', 'version') &&
    (signature === undefined || hasTexts(signature, 'keyid', 'sig')) &&
    (archive === undefined ||
      (hasTexts(archive, 'name', 'digest') && isDigestText((archive as { digest: unknown }).digest))) &&
    (statement === undefined || isDigestText(statement))
  );
}

function hasTexts(value: unknown, ...keys: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return keys.every((key) => typeof (value as Record<string, unknown>)[key] === 'string');
}

const isDigestText = (value: unknown): boolean => typeof value === 'string' && isDigest(value);
