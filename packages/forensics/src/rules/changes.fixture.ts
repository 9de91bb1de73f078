/** For tests of rules: rows of changed files and of what stands in them. */
import type { Tables } from '../analysers/index.ts';
import { topicOf } from '../analysers/text-places.ts';
import type { TextRow } from '../analysers/texts.ts';
import type { Severity } from '../finding.ts';
import { referenceText } from '../reference.ts';
import type { Rule } from './rule.ts';
import { judged } from './tables.fixture.ts';

type Change = Tables['changes'][number];

/** A file that was written while the container ran. */
export function changeRow(path: string, given: Partial<Change> = {}): Change {
  return {
    ...{ path, change: 'written', type: 'file', mode: 0o644, uid: 0, gid: 0, size: 100, modified: 1795473539 },
    ...{ linkTarget: undefined, device: undefined, flags: [], sha256: undefined, recordedBy: 'rootfs-diff.tar' },
    ...given,
  };
}

/** A file of the diff with what stands in it. */
export function textRow(path: string, text: string, given: Partial<TextRow> = {}): TextRow {
  return {
    ...{ path, place: 'rootfs', topic: topicOf(path), kind: text.startsWith('#!') ? 'script' : 'text', mode: 0o644 },
    ...{ size: text.length, text, cut: false, before: undefined, image: undefined, holders: [] },
    ...given,
  };
}

/** A changed ELF file. */
export function elfRow(path: string, given: Partial<TextRow> = {}): TextRow {
  return textRow(path, '', { kind: 'elf', mode: 0o755, size: 20_000, ...given });
}

/** What a rule says: `severity first-reference`, the severity of the rule where it says no other. */
export function said(rule: Rule, given: Partial<Tables>): readonly string[] {
  return judged(rule, given).map(
    ({ severity, references: [first] }): `${Severity} ${string}` =>
      `${severity ?? rule.severity} ${referenceText(first)}`,
  );
}

/** As said, of texts that were all changed. */
export function saidOfTexts(rule: Rule, ...texts: readonly TextRow[]): readonly string[] {
  return said(rule, { texts, changes: texts.map(({ path, mode }) => changeRow(path, { mode })) });
}
