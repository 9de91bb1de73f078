/** What lies beside an archive, verified, as the plain data that a report tells. */
import { stat } from 'node:fs/promises';
import { at, harmless, listAt, StillframeError, textAt } from '@stillframe/core';
import { decodeEnvelope, parseCustody } from '@stillframe/evidence';
import type { CaptureTimes, CaptureTold, CustodyRow, Proof } from '@stillframe/forensics';
import { type FoundEvidence, readEvidence } from '../image/evidence.ts';
import type { Io } from '../io.ts';
import { checksOf, type NamedKey, verifyArchiveFile } from '../verify/model.ts';

/** Entries of the chain that a report has: the last ones. */
const MOST = 500;

/** Evidence beside an archive: what a report tells of it, and the times in it. */
export interface Proved {
  readonly proof: Proof;
  readonly evidence: FoundEvidence;
}

/** Undefined for what is no file, and for one without evidence beside it. Throws what verifyArchiveFile throws. */
export async function proofOf(path: string, keys: readonly NamedKey[], io: Io): Promise<Proved | undefined> {
  if (!(await stat(path).catch(() => undefined))?.isFile()) return undefined;
  const evidence = await readEvidence(path);
  if (!evidence) return undefined;
  const custody: CustodyRow[] = [];
  let left = 0;
  const found = await verifyArchiveFile(path, keys, io, (line) => {
    const row = rowOf(line);
    if (row) custody.push(row);
    if (custody.length <= MOST) return;
    custody.shift();
    left += 1;
  });
  const proof = {
    checks: checksOf(found).map(([name, { state, text }]) => ({ name, state, text })),
    statement: found.statement,
    capture: toldOf(evidence),
    custody,
    custodyLeft: left,
    custodyHead: found.custodyHead,
  };
  return { proof, evidence };
}

/** Evidence that cannot be read is told and is none: the archive has times of its own. */
export async function timesIn(what: string, io: Io): Promise<CaptureTimes | undefined> {
  try {
    return await readEvidence(what);
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    io.err(`warning: the evidence beside ${harmless(what)} cannot be read: ${harmless(error.message)}\n`);
    return undefined;
  }
}

function rowOf(line: Uint8Array): CustodyRow | undefined {
  const entry = parseCustody(line);
  if (!entry) return undefined;
  const { at: time, who, action, outcome } = entry;
  const from = who.from === undefined ? '' : `, from ${who.from}`;
  return { at: time, who: `${who.user} on ${who.host}${from}`, action, outcome };
}

/** What the statement says of the capture. It is not trusted: the checks beside it say what holds. */
function toldOf({ bytes, truePause, pauseAtMost, notCaptured, altered }: FoundEvidence): CaptureTold {
  const predicate = at(statementOf(bytes), 'predicate');
  const [hostname, kernel] = [textAt(predicate, 'node', 'hostname'), textAt(predicate, 'node', 'kernel')];
  const askedBy = listAt(predicate, 'askedBy').map((asker) => {
    const words = ['user', 'host', 'from', 'time'].map((name) => textAt(asker, name));
    const [user = '', host = '', from = '', time = ''] = words;
    const proven = at(asker, 'authenticated') === true ? '' : ' (by their own account)';
    return `${user || 'somebody'}${proven}${host && ` on ${host}`}${from && ` from ${from}`}${time && ` at ${time}`}`;
  });
  return {
    startedAt: textAt(predicate, 'startedAt') || undefined,
    finishedAt: textAt(predicate, 'finishedAt') || undefined,
    askedBy,
    node: [hostname, kernel && `Linux ${kernel}`].filter(Boolean).join(', ') || undefined,
    pause: truePause,
    pauseAtMost,
    ...{ notCaptured, altered },
  };
}

function statementOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(decodeEnvelope(new TextDecoder().decode(bytes)).payload)) as unknown;
  } catch (error) {
    if (StillframeError.is(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
