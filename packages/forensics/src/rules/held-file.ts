/** Files without a name: deleted ones that are held open, and those that were in memory alone. */

import { isHidden, isScratch } from '../analysers/text-places.ts';
import type { TextRow } from '../analysers/texts.ts';
import type { Severity } from '../finding.ts';
import { programsOf } from '../signs/programs.ts';
import { changedFiles, referencesOf } from '../signs/written.ts';
import type { Rule } from './rule.ts';

/** Names that programs give to files which they delete at once. */
const TEMPORARY =
  /\/(?:#\d+|ib\w{6}|ML\w{6}|MY\w{6}|MLfd\w+|Aria.*|#sql.*|pgsql_tmp.*|tmp[\w-]{6,}|tmpf\w+|\.?nfs[0-9a-f]+|\.ZendSem\.\w+|opcache.*|apr\w{6}|client_body_temp.*|proxy_temp.*|fastcgi_temp.*|\d{10}|[\w.-]+[._-][A-Za-z0-9]{6,10}|hsperfdata.*|sess_.*|php\w{6}|.*\.(?:tmp|temp|swp|lock|pid|cache|db-(?:wal|shm|journal)|jar|war|pack|idx|sqlite))$/;
const LOG = /(?:^\/var\/log\/|\.log(?:\.\d+)?$|\.out$)/;

/** How much a deleted file says, and why. */
function judgeGhost(row: TextRow, rotated: boolean): [Severity, string] {
  const odd = isHidden(row.path) && isScratch(row.path);
  if (row.kind === 'elf')
    return [isScratch(row.path) || isHidden(row.path) ? 'high' : 'medium', 'a program or library'];
  if (row.kind === 'script') return [odd ? 'high' : 'medium', 'a script'];
  if (odd) return ['medium', 'it was hidden in a folder for temporary files'];
  if (LOG.test(row.path)) return [rotated ? 'info' : 'low', rotated ? 'a log that was rotated' : 'a log'];
  if (TEMPORARY.test(row.path) || row.size === 0) return ['info', 'a temporary file'];
  return ['low', 'its content is in the checkpoint alone'];
}

export const deletedFileHeld: Rule = {
  id: 'deleted-file-held',
  title: 'a deleted file is held open',
  severity: 'low',
  techniques: ['T1070.004'],
  why: 'A file that was deleted while a process has it is in no listing and in no copy of the disk. The checkpoint has its content.',
  benign:
    'Temporary files of databases, caches and servers, which are deleted as soon as they are open; logs that were rotated.',
  *judge(tables) {
    const programs = programsOf(tables);
    const changed = new Set(changedFiles(tables).map(({ path }) => path));
    for (const row of tables.texts) {
      const holders = row.holders.filter(({ fd }) => typeof fd === 'number');
      const [holder] = holders;
      // What runs from a deleted file is another rule’s.
      if (row.place !== 'ghost' || holder === undefined) continue;
      const rotated = changed.has(row.path) || changed.has(`${row.path}.1`) || changed.has(`${row.path}.1.gz`);
      const [severity, why] = judgeGhost(row, rotated);
      const many = holders.length > 1 ? ` and ${holders.length - 1} more` : '';
      yield {
        summary: `${programs.label(holder.pid)}${many} ${holders.length > 1 ? 'have' : 'has'} ${row.path} open, ${row.size < 0 ? 'of unknown size' : `${row.size} bytes`}, which was deleted: ${why}`,
        references: referencesOf(row),
        severity,
        details: { path: row.path, bytes: row.size, kind: row.kind, image: row.image },
      };
    }
  },
};

/** What runtimes keep in memory: copies of themselves, and code that they made. */
const KNOWN_MEMFD =
  /^(?:runc_cloned:|crun|libcrun|doublemapper|dotnet|jit|JIT|v8|mono|gdk|wayland|pulseaudio|xshmfence|nv|systemd|sd-|memfd-lttng|\.NET|BeamAsm|pcre|hotspot|java)/;

export const memfdProgram: Rule = {
  id: 'memfd-program',
  title: 'a program is held in memory alone',
  severity: 'high',
  techniques: ['T1620', 'T1027'],
  why: 'A file of memfd_create(2) is in no filesystem; a program in one is there so that no scanner of files meets it.',
  benign: 'runc and crun run copies of themselves from one; some runtimes load libraries that way.',
  *judge(tables) {
    const programs = programsOf(tables);
    for (const row of tables.texts) {
      const [holder] = row.holders.filter(({ fd }) => typeof fd === 'number');
      // One that runs from it, and does not have it open beside that, is another rule’s.
      if (row.place !== 'memfd' || holder === undefined) continue;
      if (row.kind !== 'elf' && row.kind !== 'script') continue;
      yield {
        summary: `${programs.label(holder.pid)} holds ${row.kind === 'elf' ? 'an ELF file' : 'a script'} in memory alone, called ${row.path}`,
        references: referencesOf(row),
        severity: KNOWN_MEMFD.test(row.path) ? 'info' : undefined,
        details: { name: row.path, bytes: row.size, kind: row.kind },
      };
    }
  },
};
