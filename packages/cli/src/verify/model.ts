/** All that can be checked of an archive with what lies beside it. */
import { basename } from 'node:path';
import { type Digest, digestOf, harmless, messageOf, StillframeError } from '@stillframe/core';
import {
  type CheckedSignature,
  type CustodyFault,
  type CustodyReport,
  decodeContents,
  decodeEnvelope,
  evidencePath,
  type VerifyingKey,
  verifyEnvelope,
} from '@stillframe/evidence';
import { checkContext } from '../evidence/cluster-context.ts';
import { laterText } from '../evidence/foreign-capture.ts';
import { readEvidence } from '../image/evidence.ts';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import type { Check } from './check.ts';
import { type ContentsReport, checkContents } from './contents.ts';
import { checkCustody } from './custody.ts';

/** A trusted key, and where it was read from. */
export interface NamedKey extends VerifyingKey {
  path: string;
}

export interface Verification extends ContentsReport {
  path: string;
  evidence: string;
  /** The name that the archive had when it was captured. */
  recordedName: string;
  /** SHA-256 of the statement, without its envelope. */
  statement: Digest;
  /** What must be known of the statement to judge it: that its digests were taken later, by whom. Raw text. */
  note: string | undefined;
  signature: Check;
  signatures: readonly CheckedSignature[];
  /** Of what a cluster knew of the pod, where the evidence names it. */
  cluster?: Check;
  custody: Check;
  custodyFaults: readonly CustodyFault[];
  /** Digest of the chain's last line, to be kept elsewhere. */
  custodyHead: string | undefined;
}

/** `heard` is given each line of the chain of custody. Throws ERR_EVIDENCE_MISSING, ERR_EVIDENCE_INVALID, ERR_FILE_UNREADABLE. */
export async function verifyArchiveFile(
  path: string,
  keys: readonly NamedKey[],
  io: Io,
  heard?: (line: Uint8Array) => void,
): Promise<Verification> {
  const evidence = await readEvidence(path);
  if (!evidence) {
    throw cliError('ERR_EVIDENCE_MISSING', `${path} has no evidence beside it, ${basename(evidencePath(path))}`);
  }
  const text = new TextDecoder().decode(evidence.bytes);
  const envelope = decodeEnvelope(text);
  const signatures = verifyEnvelope(envelope, keys);
  const contents = await checkContents(path, evidence, decodeContents(text), io);
  const subject = { archive: evidence.digest, statement: digestOf(envelope.payload) };
  const { clusterDocument: recorded } = evidence;
  const custody = await custodyOf(path, keys, subject, { signal: io.signal, heard });
  return {
    path,
    evidence: evidencePath(path),
    recordedName: evidence.name,
    statement: subject.statement,
    note: laterText(evidence),
    signature: signatureCheck(signatures, keys),
    signatures,
    ...contents,
    ...(recorded ? { cluster: await checkContext(path, recorded, io.signal) } : {}),
    ...custody,
  };
}

/** The checks by name, in the order in which they are told. */
export function checksOf({ signature, archive, entries, memory, cluster, custody }: Verification): [string, Check][] {
  return Object.entries({ signature, archive, entries, memory, ...(cluster ? { cluster } : {}), custody });
}

/** Whether one of the keys signed, and none that is named did not. `signed`: what it is that was signed. */
export function signatureCheck(
  signatures: readonly CheckedSignature[],
  keys: readonly NamedKey[],
  signed = 'the evidence',
): Check {
  const nameOf = (id: string | undefined) => keys.find((key) => key.id === id)?.path ?? 'unknown';
  const many = signatures.length === 1 ? 'one signature' : `${signatures.length} signatures`;
  const forged = signatures.find(({ state }) => state === 'invalid');
  const valid = signatures.filter(({ state }) => state === 'valid');
  if (keys.length === 0) {
    const text = signatures.length === 0 ? `${signed} is not signed` : `${many}; no key was given with --key`;
    return { state: 'unchecked', text };
  }
  if (forged) return { state: 'fails', text: `${nameOf(forged.keyid)} did not make the signature that names it` };
  if (valid.length > 0) return { state: 'holds', text: `by ${valid.map(({ by }) => nameOf(by)).join(', ')}` };
  const text = signatures.length === 0 ? `${signed} is not signed` : `${many}, none by a key that was given`;
  return { state: 'fails', text };
}

type Custody = Pick<Verification, 'custody' | 'custodyFaults' | 'custodyHead'>;

async function custodyOf(
  path: string,
  keys: readonly NamedKey[],
  subject: Parameters<typeof checkCustody>[2],
  { signal, heard }: { signal: AbortSignal; heard: ((line: Uint8Array) => void) | undefined },
): Promise<Custody> {
  let report: CustodyReport | undefined;
  try {
    report = await checkCustody(path, keys, subject, signal, heard);
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    return { custody: { state: 'fails', text: messageOf(error) }, custodyFaults: [], custodyHead: undefined };
  }
  if (!report) {
    const custody: Check = { state: 'unchecked', text: 'there is no chain of custody beside the archive' };
    return { custody, custodyFaults: [], custodyHead: undefined };
  }
  return { custody: custodyCheck(report, keys), custodyFaults: report.faults, custodyHead: report.head };
}

function custodyCheck(report: CustodyReport, keys: readonly NamedKey[]): Check {
  const { entries, faults, first, last, torn, signatures } = report;
  const [fault] = faults;
  if (fault) return { state: 'fails', text: `line ${fault.line} ${fault.message}` };
  if (!first || !last) return { state: 'fails', text: 'the chain is empty' };
  const span = `from ${first.action} by ${first.who.user} on ${first.who.host} at ${first.at} to ${last.action} at ${last.at}`;
  const unsigned = signatures.none + signatures.unknown;
  const signed =
    keys.length === 0 ? 'signatures not checked' : `${signatures.valid} signed by your keys, ${unsigned} not`;
  const cut = torn.length === 0 ? '' : `; cut off while it was written: line ${torn.join(', ')}`;
  // One that was taken away begins anew with whoever comes next.
  const begun = first.action.startsWith('checkpoint')
    ? ''
    : '; it does not begin with the capture: what was before is not told';
  return {
    state: 'holds',
    text: harmless(`${entries === 1 ? 'one entry' : `${entries} entries`}, ${span}; ${signed}${begun}${cut}`),
  };
}
