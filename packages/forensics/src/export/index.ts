/** Findings in the formats of others. A format that is not here is not offered. */
import type { JudgedCheckpoint } from '../judged.ts';
import { caseGraph } from './case.ts';
import { ocsfFindings } from './ocsf.ts';
import { sarifLog } from './sarif.ts';
import { stixBundle } from './stix.ts';

/** One format: what it gives is plain data, and a function of the archive, the rules and the version alone. */
export interface ExportFormat {
  /** Documents, one after another: one of them, or one a finding. */
  documents(judged: JudgedCheckpoint): readonly object[];
  /** One document a line, as collectors of events take them. */
  readonly lines: boolean;
}

export const exportFormats = {
  sarif: { documents: (judged) => [sarifLog(judged)], lines: false },
  stix: { documents: (judged) => [stixBundle(judged)], lines: false },
  ocsf: { documents: ocsfFindings, lines: true },
  case: { documents: (judged) => [caseGraph(judged)], lines: false },
} as const satisfies Readonly<Record<string, ExportFormat>>;
