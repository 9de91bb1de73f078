/** For tests of rules: tables in which nothing is suspicious, and rows with what a test does not care about filled in. */

import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import type { Suspicion } from '../finding.ts';
import type { Rule } from './rule.ts';

/** Empty tables but for what is given. */
export function tablesOf(given: Partial<Tables> = {}): Tables {
  const metadata = { engine: undefined } as unknown as Tables['container']['metadata'];
  const none = { processes: [], files: [], sockets: [], mappings: [], mounts: [], changes: [], memory: [] };
  const system = { texts: [], packages: { managers: [], files: [] }, namespaces: [], networks: [], code: [] };
  return { container: { metadata, spec: undefined }, ...none, ...system, ...given };
}

/** An ordinary service's process. */
export function processRow(given: Partial<ProcessRow> = {}): ProcessRow {
  return {
    ...{ pid: 1, ppid: 0, sid: 1, name: 'server', state: 'alive', arguments: ['/usr/bin/server'], environment: [] },
    executable: { path: '/usr/bin/server', deleted: false, memfd: false, filesystem: 'overlay' },
    ...{ workingFolder: '/', root: '/', threads: [{ tid: 1, name: 'server' }] },
    ...{ credentials: undefined, seccomp: 'filter' },
    ...given,
  };
}

/** What a rule says of tables. */
export function judged(rule: Rule, given: Partial<Tables>): readonly Suspicion[] {
  return [...rule.judge(tablesOf(given))];
}
