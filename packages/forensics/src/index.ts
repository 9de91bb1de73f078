/** What happened in a checkpoint: tables, rules, findings. */
export { type AnalyseOptions, type Analysis, analyse, judge } from './analyse.ts';
export type { Tables } from './analysers/index.ts';
export { type Finding, findingId, isAtLeast, SEVERITIES, type Severity, type Suspicion } from './finding.ts';
export { type EvidenceReference, parseReference, referenceText } from './reference.ts';
export { rules } from './rules/index.ts';
export type { Rule } from './rules/rule.ts';
export type {
  AddressRange,
  BackingType,
  ByteMatch,
  MemoryFilter,
  PatternMatch,
  ScanBytesOptions,
  ScanOptions,
} from './search/match.ts';
export type { NamedPattern, Pattern } from './search/pattern.ts';
export { scanBytes } from './search/scan-bytes.ts';
export { scanMemory } from './search/scan-memory.ts';
