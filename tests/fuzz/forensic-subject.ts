/** The whole forensic engine over one archive: each part must end with a result or with an error of ours. */
import { type Checkpoint, openCheckpoint } from '@stillframe/checkpoint';
import { bytesSource, StillframeError } from '@stillframe/core';
import {
  analyse,
  compareCheckpoints,
  exportFormats,
  findSecrets,
  type JudgedCheckpoint,
  lastMoments,
  type NamedPattern,
  parseReference,
  readTimeline,
  referenceText,
  reportPage,
  rules,
  scanMemory,
} from '@stillframe/forensics';
import type { Outcome } from './subject.ts';

const PATTERNS: readonly NamedPattern[] = [
  { id: 'literal', pattern: { kind: 'literal', bytes: Buffer.from('TOKEN'), ignoreCase: true, wide: true } },
  { id: 'regex', pattern: { kind: 'regex', source: '[a-z]+=[^\\0]{1,64}' } },
  { id: 'hex', pattern: { kind: 'hex', source: '7f 45 [1-4] 46' } },
];
const DECOMPRESSION = { bytes: 256 << 20, ratioFloor: 32 << 20 };

/** Judges, exports, reports, searches, orders in time and compares with `sound`. Throws what is no error of ours: a defect. */
export async function judgeEverything(archive: Uint8Array, sound: Checkpoint): Promise<Outcome> {
  const begin = process.cpuUsage();
  let result = 'read';
  try {
    const options = { partial: true, decompression: DECOMPRESSION };
    await using checkpoint = await openCheckpoint(bytesSource(archive), options);
    for (const part of [judged, searched, told, ordered, compared]) {
      result = (await codeOf(part(checkpoint, sound))) ?? result;
    }
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    result = error.code;
  }
  const { user, system } = process.cpuUsage(begin);
  return { milliseconds: (user + system) / 1000, result };
}

/** The code of an error of ours; one part's is no reason to leave out the next. */
async function codeOf(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (StillframeError.is(error)) return error.code;
    throw error;
  }
}

async function judged(checkpoint: Checkpoint): Promise<void> {
  const analysis = await analyse(checkpoint);
  const { archive, metadata } = checkpoint;
  const made: JudgedCheckpoint = {
    archive: { name: 'hurt.tar', digest: `sha256:${'0'.repeat(64)}`, size: 1, entries: archive.entries },
    ...{ metadata, analysis, rules, version: '1.2.3' },
    diagnostics: [...analysis.diagnostics, ...checkpoint.diagnostics()],
  };
  for (const { documents } of Object.values(exportFormats)) {
    for (const document of documents(made)) demandPlain(JSON.stringify(document));
  }
  const timeline = await lastMoments(await readTimeline([{ checkpoint }]));
  const about = { proof: undefined, archiveWord: 'hurt.tar', node: '24.0.0', options: [] };
  demandHarmless(reportPage({ judged: made, timeline, ...about }));
  for (const { references } of analysis.findings) {
    for (const reference of references) {
      const text = referenceText(reference);
      if (referenceText(parseReference(text)) !== text) throw new Error(`${text} does not come back`);
    }
  }
}

/** Throws an Error for JSON that is not: text with lone surrogates is escaped, numbers are numbers. */
function demandPlain(text: string): void {
  if (!text.isWellFormed()) throw new Error('an export is not UTF-8');
  JSON.parse(text);
}

/** Throws an Error for a page on which a control character or an end of direction stands, or an element that no report has. */
function demandHarmless(page: string): void {
  const found = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|<(?:script|img|iframe|object)\b/i.exec(page);
  if (found || !page.isWellFormed()) throw new Error(`the page has ${JSON.stringify(found?.[0])}`);
}

async function searched(checkpoint: Checkpoint): Promise<void> {
  for await (const _ of scanMemory(checkpoint, PATTERNS, { workers: 0, limit: 1000 }));
}

async function told(checkpoint: Checkpoint): Promise<void> {
  const { secrets } = await findSecrets(checkpoint);
  demandPlain(JSON.stringify(secrets, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
}

async function ordered(checkpoint: Checkpoint): Promise<void> {
  const { events } = await readTimeline([{ checkpoint }]);
  let before = -(2n ** 200n);
  for await (const batch of events) {
    for (const { time } of batch) {
      if (time < before) throw new Error(`an event of ${time} behind one of ${before}`);
      before = time;
    }
  }
}

async function compared(checkpoint: Checkpoint, sound: Checkpoint): Promise<void> {
  const { rows } = await compareCheckpoints(sound, checkpoint, { rules: true });
  for (const _ of rows());
}
