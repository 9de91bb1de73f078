/** For tests of the report: evidence that holds, and who had the archive. */
import type { JudgedCheckpoint } from '../judged.ts';
import type { ReportSource } from './source.ts';

export function sourceOf(judged: JudgedCheckpoint): ReportSource {
  return {
    judged,
    proof: {
      checks: [
        { name: 'signature', state: 'holds', text: 'by node.pub' },
        { name: 'archive', state: 'holds', text: 'it has the digest that is recorded' },
        { name: 'custody', state: 'unchecked', text: 'there is no chain of custody beside the archive' },
      ],
      statement: `sha256:${'a'.repeat(64)}`,
      capture: {
        ...{ startedAt: '2026-11-23T23:26:53Z', finishedAt: '2026-11-23T23:26:54Z', node: 'node-3' },
        ...{
          askedBy: ['ada on laptop'],
          pause: 81_200,
          pauseAtMost: undefined,
          notCaptured: ['bind mounts'],
          altered: [],
        },
      },
      custody: [{ at: '2026-11-23T23:27:00Z', who: 'ada on node-3', action: 'inspect', outcome: undefined }],
      ...{ custodyLeft: 0, custodyHead: `sha256:${'b'.repeat(64)}` },
    },
    timeline: {
      moments: judged.analysis.tables.changes.slice(-300).map(({ path, modified = 0 }) => ({
        time: BigInt(Math.trunc(modified)) * 1_000_000_000n,
        what: `${path} (file: modified)`,
      })),
      left: Math.max(0, judged.analysis.tables.changes.length - 300),
      notRecorded: [{ what: 'starts of processes', reason: 'images of CRIU do not say' }],
    },
    ...{ archiveWord: 'web.tar', node: '24.0.0', options: [] },
  };
}
