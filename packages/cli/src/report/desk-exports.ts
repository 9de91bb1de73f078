/** What the desk lets people save of a checkpoint: the very bytes that the commands give. */
import { basename } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import type { JudgedCheckpoint } from '@stillframe/forensics';
import type { DeskExport } from '@stillframe/server';
import { quoted } from '../display/command-text.ts';
import type { Io } from '../io.ts';
import { atLeast, type ExportName, exportTexts, MINIMUM } from '../scan/export-text.ts';
import { judge } from '../scan/scanning.ts';
import type { NamedKey } from '../verify/model.ts';
import { madePage } from './page.ts';

const FORMATS: readonly (readonly [name: ExportName, title: string, about: string, ending: string])[] = [
  ['sarif', 'SARIF', 'findings for dashboards of code scanning', 'sarif'],
  ['stix', 'STIX', 'findings as what is shared of threats', 'stix.json'],
  ['ocsf', 'OCSF', 'a line a finding, for collectors of events', 'ocsf.jsonl'],
  ['case', 'CASE', 'findings and evidence for who keeps cases', 'case.jsonld'],
];

/** A checkpoint, and how to know that it is still the one that was opened. */
export interface DeskSource {
  readonly what: string;
  readonly checkpoint: Checkpoint;
  /** Those that the evidence is verified by. */
  readonly keys: readonly NamedKey[];
  /** Throws where `what` is not any more what was opened: nothing is said of another file then. */
  readonly demandSame: (() => Promise<void>) | undefined;
}

export function deskExports({ what, checkpoint, keys, demandSame }: DeskSource, io: Io): readonly DeskExport[] {
  // Who asks is a page: nothing of it is drawn on the terminal of the command.
  const ioUntil = (signal: AbortSignal): Io => ({ ...io, interactive: false, signal });
  const options = { memory: true, output: 'json' };
  const word = quoted(basename(what));
  // The digest of a large archive takes as long as reading it: one will do for all formats.
  let kept: Promise<JudgedCheckpoint> | undefined;
  const judged = (): Promise<JudgedCheckpoint> => {
    kept ??= judge(what, checkpoint, options, ioUntil(io.signal), 'archive').then((each) =>
      atLeast(each.judged, MINIMUM),
    );
    kept.catch(() => {
      kept = undefined;
    });
    return kept;
  };
  return [
    {
      ...{ name: 'report', title: 'Report', about: 'one page without scripts, for people who were not there' },
      ...{ command: `stillframe report ${word} -o report.html`, ending: 'report.html' },
      make: (signal) =>
        madePage(what, checkpoint, { ...options, keys }, ioUntil(signal), () => undefined).finally(demandSame),
    },
    ...FORMATS.map(([name, title, about, ending]) => ({
      ...{ name, title, about, ending, command: `stillframe scan ${word} --output ${name}` },
      make: async () => [...exportTexts(await judged(), name)].join(''),
    })),
  ];
}
