/** From a checkpoint to findings: tables are read, rules judge them. */
import {
  type Checkpoint,
  openRootfsDiff,
  type RootfsTree,
  readMounts,
  readOpenFiles,
  readProcesses,
} from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { readTables, type Tables } from './analysers/index.ts';
import { type Finding, findingId, SEVERITIES } from './finding.ts';
import { rules as allRules } from './rules/index.ts';
import type { Rule } from './rules/rule.ts';
import { toldDetails } from './told-details.ts';

/** Options of analyse. */
export interface AnalyseOptions {
  /** All by default. */
  rules?: readonly Rule[] | undefined;
  /** The layers of the container's image, topmost first: they tell what is new from what was changed. */
  image?: readonly RootfsTree[] | undefined;
  /** Whether memory is gone through for the patterns of rules; true by default. */
  memory?: boolean | undefined;
  /** Threads that memory is gone through in, as scanMemory has them. */
  workers?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What an analysis gives. */
export interface Analysis {
  readonly tables: Tables;
  /** The worst first, then in the order of the rules and of the evidence; the same in every run. */
  readonly findings: readonly Finding[];
  /** Faults that the checkpoint itself does not note. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads all tables of `checkpoint` and judges them by all rules. Throws what the readers throw. */
export async function analyse(checkpoint: Checkpoint, options: AnalyseOptions = {}): Promise<Analysis> {
  const { rules = allRules, image, memory = true, workers, signal } = options;
  const diagnostics: Diagnostic[] = [];
  const processes = await readProcesses(checkpoint.images, { signal });
  const open = await readOpenFiles(checkpoint.images, processes, { signal });
  const mounts = await readMounts(checkpoint.images, { spec: checkpoint.spec, signal });
  const patterns = memory ? rules.flatMap((rule) => rule.patterns ?? []) : [];
  const report = (faults: readonly Diagnostic[]) => void diagnostics.push(...faults);
  await using diff = await openRootfsDiff(checkpoint, { signal, partial: true });
  const context = { checkpoint, processes, open, mounts, diff, image, patterns, workers, signal, report };
  const tables = await readTables(context);
  return { tables, findings: judge(tables, rules), diagnostics };
}

/** What `rules` say of `tables`, the worst first. */
export function judge(tables: Tables, rules: readonly Rule[] = allRules): readonly Finding[] {
  const findings = rules.flatMap((rule) => {
    const { id, title, severity, techniques } = rule;
    return Array.from(rule.judge(tables), (found) => ({
      ...{ id: findingId(id, found.references), rule: id, title, techniques },
      ...found,
      ...(found.details === undefined ? {} : { details: toldDetails(found.details) }),
      severity: found.severity ?? severity,
    }));
  });
  return worstFirst(findings);
}

/** The worst first; among those that are as bad, the order stays. */
export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
}
