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
}

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
  };
}
