/** The table of rules, by topic. A rule that is not here is not judged, and a test says so. */
import { processExecutableDeleted } from './process-executable-deleted.ts';
import type { Rule } from './rule.ts';

export const rules: readonly Rule[] = [processExecutableDeleted];
