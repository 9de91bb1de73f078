/** What whoever starts the desk gives beside a checkpoint: a proof of which one check fails, and something to be saved. */
import type { Proof } from '@stillframe/forensics';
import type { DeskExport } from '@stillframe/server';

const proof: Proof = {
  checks: [
    { name: 'signature', state: 'holds', text: 'by node.pub' },
    { name: 'archive', state: 'fails', text: 'it has another digest than the one that was recorded' },
    { name: 'custody', state: 'unchecked', text: 'there is no chain of custody beside the archive' },
  ],
  statement: `sha256:${'5a'.repeat(32)}`,
  capture: {
    ...{ startedAt: '2026-11-26T20:09:10Z', finishedAt: '2026-11-26T20:09:12Z', node: 'node-3, Linux 6.18' },
    askedBy: ['ada on laptop at 2026-11-26T20:09:10Z'],
    ...{ pause: 81_200, pauseAtMost: undefined, notCaptured: ['bind mounts'], altered: [] },
  },
  custody: [
    { at: '2026-11-26T20:09:12Z', who: 'root on node-3', action: 'checkpoint', outcome: undefined },
    { at: '2026-11-26T21:00:00Z', who: 'ada on laptop', action: 'scan', outcome: '46 findings' },
  ],
  ...{ custodyLeft: 0, custodyHead: `sha256:${'c3'.repeat(32)}` },
};

const report: DeskExport = {
  ...{ name: 'report', title: 'Report', about: 'one page', command: 'stillframe report clean.tar.zst -o report.html' },
  ending: 'report.html',
  make: async () => '<!DOCTYPE html>\n<title>Report</title>\n',
};

export const VOUCHED = { proof: async () => proof, exports: [report] };

/** The same by somebody who wrote `text` wherever evidence has words of others. */
export function vouchedBy(text: string): typeof VOUCHED {
  const told: Proof = {
    ...proof,
    checks: proof.checks.map(({ name, state }) => ({ name, state, text })),
    capture: { ...proof.capture, node: text, askedBy: [text], notCaptured: [text], altered: [text], startedAt: text },
    custody: proof.custody.map(({ at }) => ({ at, who: text, action: text, outcome: text })),
    ...{ statement: text, custodyHead: text },
  };
  return { proof: async () => told, exports: [{ ...report, command: text }] };
}
