/** A process runs a file that is no longer there. */
import type { Rule } from './rule.ts';

export const processExecutableDeleted: Rule = {
  id: 'process-executable-deleted',
  title: 'executable was deleted while it runs',
  severity: 'high',
  techniques: ['T1070.004'],
  why: 'Malware removes its file after the start, so that nothing is left on disk to be looked at. The checkpoint has its content still.',
  benign: 'A program that was upgraded in place and not started again; its path lies in a folder of the system then.',
  *judge({ processes }) {
    for (const { pid, name, executable } of processes) {
      if (!executable?.deleted || executable.memfd) continue;
      yield {
        summary: `process ${pid} (${name ?? '?'}) runs ${executable.path}, which was deleted`,
        references: [{ kind: 'fd', pid, fd: 'exe' }],
        details: { path: executable.path },
      };
    }
  },
};
