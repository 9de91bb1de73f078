/** A process runs a file that is no longer there. */
import { isTemporary, placeOf } from '../program/place.ts';
import { processText } from '../program/program.ts';
import type { Rule } from './rule.ts';

export const processExecutableDeleted: Rule = {
  id: 'process-executable-deleted',
  title: 'executable was deleted while it runs',
  severity: 'high',
  techniques: ['T1070.004'],
  why: 'Malware removes its file after the start, so that nothing is left on disk to be looked at. The checkpoint has its content still.',
  benign: 'A program that was upgraded in place and not started again; its path lies in a folder of the system then.',
  *judge({ processes, changes }) {
    const written = new Set(changes.flatMap(({ path, change }) => (change === 'deleted' ? [] : path)));
    for (const process of processes) {
      const { pid, executable } = process;
      if (!executable?.deleted || executable.memfd) continue;
      const { path } = executable;
      const isReplaced = written.has(path) && !isTemporary(path);
      yield {
        summary: `${processText(process)} runs ${path}, which was ${isReplaced ? 'replaced by another file' : 'deleted'}`,
        references: [{ kind: 'fd', pid, fd: 'exe' }],
        severity: isReplaced ? 'low' : placeOf(path) === 'system' ? 'medium' : undefined,
        details: { path, replaced: isReplaced },
      };
    }
  },
};
