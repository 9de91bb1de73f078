/** `scan --record` and `--check-record`: what a run read and gave, to be repeated by anybody who has the same. */
import { isDeepStrictEqual } from 'node:util';
import { type Digest, digestOf, harmless, limits, readAll, textAt } from '@stillframe/core';
import { openFileSource, writeTextAtomically } from '@stillframe/core/file';
import {
  decodeJudgement,
  encodeJudgement,
  JUDGEMENT_PARTS,
  type SigningKey,
  signEnvelopeText,
  statementDigestOf,
  verifyEnvelope,
} from '@stillframe/evidence';
import { type JudgedCheckpoint, referenceText, rulesDigest } from '@stillframe/forensics';
import { renderFacts } from '../display/facts.ts';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import { type NamedKey, signatureCheck } from '../verify/model.ts';
import { digestOfJson, type MeasuredInputs } from './inputs.ts';

/** What is recorded beside the judgement. */
export interface RunFacts {
  readonly inputs: MeasuredInputs;
  /** Undefined without an image. */
  readonly image: string | null | undefined;
  readonly memory: boolean;
  /** Files of rules that the user gave. */
  readonly ruleFiles: readonly { readonly name: string; readonly digest: Digest }[];
}

/** The record's text, not signed. All findings are in it, whatever is shown of them. `name`: what the archive is called in it. */
export function recordOf(
  judged: JudgedCheckpoint,
  { inputs, image, memory, ruleFiles }: RunFacts,
  name: string = judged.archive.name,
): string {
  const { analysis, rules, version, diagnostics } = judged;
  const findings = plain(
    analysis.findings.map(({ references, ...rest }) => ({ ...rest, references: references.map(referenceText) })),
  );
  return encodeJudgement({
    archive: { name, digest: inputs.digest },
    inputs: {
      archive: { digest: inputs.digest, size: inputs.size ?? null },
      entries: inputs.entries,
      image: image ?? null,
      rules: { digest: rulesDigest(rules), count: rules.length },
      ruleFiles,
    },
    versions: { stillframe: version, node: process.versions.node },
    options: { memory, image: image !== undefined },
    results: {
      digest: digestOfJson(findings),
      ...listed(findings),
      diagnostics: plain(
        diagnostics.map((fault) => (fault.source === judged.archive.name ? { ...fault, source: name } : fault)),
      ),
    },
  });
}

/** What a report tells of the record of its own run. */
export function recordedFacts(text: string, { inputs, image }: RunFacts) {
  const { parts } = decodeJudgement(text);
  return {
    statement: statementDigestOf(text),
    results: textAt(parts['results'], 'digest'),
    entries: inputs.entries,
    image: image ?? undefined,
  };
}

/** Characters of findings in a record, which must be small enough to be read back. */
const LISTED = 6 << 20;

/** How many there are, and as many of them as fit; the digest is over all. */
function listed(findings: readonly unknown[]): { count: number; findings: readonly unknown[] } {
  let size = 0;
  const end = findings.findIndex((each) => {
    size += JSON.stringify(each).length;
    return size > LISTED;
  });
  return { count: findings.length, findings: end < 0 ? findings : findings.slice(0, end) };
}

/** Bigints as texts, nothing undefined. */
function plain(value: readonly object[]): readonly unknown[] {
  const text = JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each));
  return JSON.parse(text) as unknown[];
}

/** Writes it, signed where there is a key; never over another file. Throws ERR_OUTPUT_EXISTS and the system's errors. */
export async function writeRecord(path: string, text: string, key: SigningKey | undefined, io: Io): Promise<void> {
  await writeTextAtomically(path, key ? signEnvelopeText(text, key) : text, { replace: false });
  io.err(`${harmless(path)} is written${key ? '' : ', not signed'}; statement ${statementDigestOf(text)}\n`);
}

/** One record held against a new run. */
export interface RecordCheck {
  readonly signature: ReturnType<typeof signatureCheck>;
  /** Names of the parts that this run gave otherwise, with what is known of the difference. */
  readonly differing: readonly { readonly part: string; readonly text: string }[];
  /** Digests of the two statements. */
  readonly recorded: string;
  readonly found: string;
}

/** `recordAs`: the record of this run, with the archive called so. Throws ERR_EVIDENCE_INVALID and what cannot be read of the file. */
export async function checkRecord(
  path: string,
  recordAs: (name: string) => string,
  keys: readonly NamedKey[],
  io: Io,
): Promise<RecordCheck> {
  await using file = await openFileSource(path);
  const bytes = await readAll(file, { limit: limits.json, signal: io.signal });
  const recorded = decodeJudgement(new TextDecoder().decode(bytes));
  // A file may be called otherwise since; it is the same archive by its digest.
  const found = decodeJudgement(recordAs(recorded.archive.name));
  const differing = JUDGEMENT_PARTS.flatMap((part) => {
    const [before, now] = [recorded.parts[part], found.parts[part]];
    return isDeepStrictEqual(before, now) ? [] : [{ part: part as string, text: differenceOf(before, now) }];
  });
  const sameBytes = Buffer.compare(recorded.envelope.payload, found.envelope.payload) === 0;
  if (!sameBytes && differing.length === 0) differing.push({ part: 'statement', text: 'it is written in another way' });
  return {
    signature: signatureCheck(verifyEnvelope(recorded.envelope, keys), keys, 'the record'),
    differing,
    recorded: digestOf(recorded.envelope.payload),
    found: digestOf(found.envelope.payload),
  };
}

/** Whether signature and run agree with the record. */
export function recordHolds({ signature, differing }: RecordCheck): boolean {
  return signature.state !== 'fails' && differing.length === 0;
}

/** Members that differ, shortened. */
function differenceOf(before: unknown, now: unknown): string {
  const [a, b] = [membersOf(before), membersOf(now)];
  const names = [...new Set([...a.keys(), ...b.keys()])].filter((name) => !isDeepStrictEqual(a.get(name), b.get(name)));
  return names.map((name) => `${name}: ${short(a.get(name))} was recorded, ${short(b.get(name))} is now`).join('; ');
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

function short(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} items`;
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

const WORDS = { holds: 'holds', fails: 'DOES NOT HOLD', unchecked: 'not checked' } as const;

/** For people. */
export function recordText(check: RecordCheck): string {
  const { signature, differing, recorded, found } = check;
  const rows = [
    ['signature', `${WORDS[signature.state]}: ${harmless(signature.text)}`],
    [
      'run',
      differing.length === 0
        ? 'holds: this run gives the same bytes'
        : `${WORDS.fails}: this run gives another statement`,
    ],
    ...differing.map(({ part, text }) => [part, harmless(text)]),
    ['recorded', recorded],
    ['found', found],
  ];
  return renderFacts(rows, 12);
}

/** One key that signs. Throws ERR_USAGE_ARGUMENT for none or several. */
export function onlyKey(paths: readonly string[]): string | undefined {
  if (paths.length > 1)
    throw cliError('ERR_USAGE_ARGUMENT', '--record is signed by one key; --key stands here more than once');
  return paths[0];
}
