/** What rules find in a collected archive, as the record of a scan that anybody with the same archive can repeat. */
import { type SigningKey, signEnvelopeText } from '@stillframe/evidence';
import { SEVERITIES, type Severity } from '@stillframe/forensics';
import type { Io } from '../io.ts';
import { recordOf } from '../scan/record.ts';
import { judge } from '../scan/scanning.ts';
import type { ReadyArchive } from './destination.ts';

/** A record, and what is to be seen of it without reading it. */
export interface Findings {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Of the worst; undefined where nothing was found. */
  readonly worst: Severity | undefined;
  /** As a Checkpoint tells of them. */
  readonly summary: FindingsSummary;
}

/** How many there are of each severity, and the rules of the gravest ones. */
export type FindingsSummary = Readonly<Record<Severity, number>> & { readonly rules: readonly string[] };

/** A Checkpoint has room for so many rules, and for names of these characters. */
const RULES = 20;
const RULE = /^[A-Za-z0-9._/-]{1,128}$/;
/** The most of one severity that it counts. */
const COUNTED = 1_000_000;

/** Judges by all rules, memory too; the same archive gives the same record. Throws what reading it throws. */
export async function findingsOf(
  { name, checkpoint }: Pick<ReadyArchive, 'name' | 'checkpoint'>,
  key: SigningKey | undefined,
  io: Io,
): Promise<Findings> {
  const { judged, run } = await judge(name, checkpoint, { memory: true, output: 'json' }, io, 'inputs');
  if (!run) throw new Error('a run whose inputs were measured has facts');
  const text = recordOf(judged, run, name);
  const { findings } = judged.analysis;
  const found = new Set(findings.map(({ severity }) => severity));
  return {
    bytes: new TextEncoder().encode(key ? signEnvelopeText(text, key) : text),
    count: findings.length,
    worst: SEVERITIES.findLast((severity) => found.has(severity)),
    summary: summaryOf(findings),
  };
}

/** Names of rules that a Checkpoint would not take are left out. */
export function summaryOf(
  findings: readonly { readonly severity: Severity; readonly rule: string }[],
): FindingsSummary {
  const ofSeverity = (severity: Severity) => findings.filter((each) => each.severity === severity);
  const counts = SEVERITIES.map((severity) => [severity, Math.min(ofSeverity(severity).length, COUNTED)] as const);
  const rules = SEVERITIES.toReversed().flatMap((severity) => ofSeverity(severity).map(({ rule }) => rule));
  return {
    ...(Object.fromEntries(counts) as Record<Severity, number>),
    rules: [...new Set(rules)].filter((rule) => RULE.test(rule)).slice(0, RULES),
  };
}
