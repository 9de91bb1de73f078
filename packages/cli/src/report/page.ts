/** The report of an open checkpoint, with what lies beside its archive. */
import { basename } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { lastMoments, readTimeline, reportPage, TIMELINE_SOURCES } from '@stillframe/forensics';
import { quoted } from '../display/command-text.ts';
import type { Io } from '../io.ts';
import { recordedFacts, recordOf } from '../scan/record.ts';
import { judge, type ScanningOptions } from '../scan/scanning.ts';
import type { NamedKey } from '../verify/model.ts';
import { proofOf } from './proof.ts';

/** The page as text. `note` is given the faults of what was read for it. Throws what judging and verifying throw. */
export async function madePage(
  what: string,
  checkpoint: Checkpoint,
  options: ScanningOptions & { readonly keys: readonly NamedKey[] },
  io: Io,
  note: (faults: readonly Diagnostic[]) => void,
): Promise<string> {
  const { judged, run } = await judge(what, checkpoint, options, io, 'inputs');
  note(judged.analysis.diagnostics);
  const proved = await proofOf(what, options.keys, io);
  const sources = TIMELINE_SOURCES.filter((source) => source !== 'log');
  const timeline = await readTimeline([{ checkpoint, evidence: proved?.evidence }], { sources, signal: io.signal });
  note(timeline.diagnostics);
  return reportPage({
    timeline: await lastMoments(timeline),
    ...{ judged, proof: proved?.proof, archiveWord: quoted(basename(what)), node: process.versions.node },
    record: run && recordedFacts(recordOf(judged, run), run),
    options: [
      ...(options.memory ? [] : ['the content of memory was left out (--no-memory)']),
      ...(options.image === undefined ? [] : [`compared with the image ${options.image}`]),
    ],
  });
}
