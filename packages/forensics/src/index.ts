/** What happened in a checkpoint: tables, rules, findings. */
export { type AnalyseOptions, type Analysis, analyse, judge, worstFirst } from './analyse.ts';
export type { Tables } from './analysers/index.ts';
export { ChangedPages } from './diff/changed-pages.ts';
export { type CheckpointDiff, type CompareOptions, compareCheckpoints } from './diff/compare.ts';
export { askHistory, type HistoryRow, historySteps, inOrderOfCapture } from './diff/history.ts';
export type { Question } from './diff/question.ts';
export { type Change, DIFF_TABLES, type DiffRow, type DiffTable, type Facts, type NotCompared } from './diff/row.ts';
export { searchChanged } from './diff/search-changed.ts';
export { type RowView, rowView, TOLD } from './diff/shown-row.ts';
export { type ExportFormat, exportFormats } from './export/index.ts';
export { type Finding, findingId, isAtLeast, SEVERITIES, type Severity, type Suspicion } from './finding.ts';
export { type JudgedCheckpoint, momentOf } from './judged.ts';
export { type EvidenceReference, parseReference, referenceText } from './reference.ts';
export {
  type CaptureTold,
  type CustodyRow,
  lastMoments,
  type Proof,
  type ProofCheck,
  type ReportSource,
  reportPage,
} from './report/index.ts';
export { chooseRules, type RuleChoice } from './rules/choose.ts';
export { rules } from './rules/index.ts';
export type { Rule } from './rules/rule.ts';
export { rulesDigest } from './rules-digest.ts';
export { compilePatterns } from './search/compile.ts';
export type {
  AddressRange,
  BackingType,
  ByteMatch,
  MemoryFilter,
  PatternMatch,
  ScanBytesOptions,
  ScanOptions,
} from './search/match.ts';
export { protectionBits } from './search/memory-filter.ts';
export { type NamedPattern, type Pattern, textPattern } from './search/pattern.ts';
export { scanBytes } from './search/scan-bytes.ts';
export { scanMemory } from './search/scan-memory.ts';
export type { Secret, SecretPlace } from './secrets/collection.ts';
export { OPENS, type Opens } from './secrets/detector.ts';
export { findSecrets, type Secrets, type SecretsOptions } from './secrets/find-secrets.ts';
export { type SigmaDocument, type SigmaRules, sigmaRules } from './sigma/index.ts';
export type { CaptureTimes } from './timeline/capture-events.ts';
export {
  type Clock,
  type NotRecorded,
  type Precision,
  TIMELINE_SOURCES,
  type TimelineSource,
} from './timeline/event.ts';
export { isoTime, readTime } from './timeline/time.ts';
export { type PlacedEvent, readTimeline, type Timeline, type TimelineInput } from './timeline/timeline.ts';
export { compileYara, type YaraMatch, type YaraRules, type YaraSource } from './yara/engine.ts';
export { judgeYara } from './yara/judge-yara.ts';
export { type PlacedMatch, scanYara } from './yara/scan-yara.ts';
