/** Findings in the formats of others, as text. */
import { exportFormats, isAtLeast, type JudgedCheckpoint, type Severity } from '@stillframe/forensics';
import { renderForeignJson } from '../display/json.ts';
import { narrowed } from './scanning.ts';

export type ExportName = keyof typeof exportFormats;

/** What is shown where nobody asks for more. */
export const MINIMUM: Severity = 'low';

/** A document after another. */
export function* exportTexts(judged: JudgedCheckpoint, name: ExportName): Generator<string> {
  const { documents, lines } = exportFormats[name];
  for (const document of documents(judged)) yield renderForeignJson(document, !lines);
}

/** Only the findings from a severity on. */
export function atLeast(judged: JudgedCheckpoint, minimum: Severity): JudgedCheckpoint {
  return narrowed(judged, ({ severity }) => isAtLeast(severity, minimum));
}
