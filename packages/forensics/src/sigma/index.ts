/** Rules of Sigma over the tables: documents that somebody parsed become rules, and those that cannot are named. */
import type { Diagnostic } from '@stillframe/core';
import type { Rule } from '../rules/rule.ts';
import { Patience } from './patience.ts';
import { isMap } from './selection.ts';
import { sigmaRule } from './sigma-rule.ts';
import { quoted, Unsupported } from './unsupported.ts';

/** A parsed document of YAML; `source`: the file it stands in, raw text. */
export interface SigmaDocument {
  readonly source: string;
  readonly document: unknown;
}

/** Documents as rules, in their order. */
export interface SigmaRules {
  readonly rules: readonly Rule[];
  /** Why others are not among them: one each. */
  readonly skipped: readonly Diagnostic[];
}

/** `report` is called while rules judge, for each that takes too long and so says nothing. */
export function sigmaRules(documents: Iterable<SigmaDocument>, report: (fault: Diagnostic) => void): SigmaRules {
  const patience = new Patience();
  const rules = new Map<string, Rule>();
  const skipped: Diagnostic[] = [];
  for (const { source, document } of documents) {
    const gaveUp = ({ title }: Rule) =>
      report(fault('sigma-rule-slow', source, `rule ${quoted(title)} takes too long, and says nothing`));
    try {
      const rule = sigmaRule(document, patience, gaveUp);
      if (rules.has(rule.id)) throw new Unsupported(`id that another rule has too, ${rule.id}`);
      rules.set(rule.id, rule);
    } catch (cause) {
      if (!(cause instanceof Unsupported)) throw cause;
      const title = isMap(document) ? document['title'] : undefined;
      const named = typeof title === 'string' ? `rule ${quoted(title)}` : 'a document';
      skipped.push(fault('sigma-rule-skipped', source, `${named} is not judged: ${cause.message}`));
    }
  }
  return { rules: [...rules.values()], skipped };
}

function fault(id: string, source: string, message: string): Diagnostic {
  return { id, severity: 'warning', source, message };
}
