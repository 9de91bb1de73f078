/** Logs and histories that say nothing any more. */
import { changedFiles } from '../signs/written.ts';
import type { Rule } from './rule.ts';

/** What tells of logins and of the system. */
const LOGINS =
  /^\/var\/(?:log\/(?:wtmp|btmp|lastlog|faillog|tallylog|auth\.log|secure|messages|syslog|kern\.log|cron(?:\.log)?|sudo\.log|audit\/audit\.log|maillog|sshd?\.log)|run\/utmp|adm\/.+)$/;
const LOG = /^\/var\/log\/(?:.*\/)?[^/]+$/;
const HISTORY =
  /\/\.(?:bash_history|zsh_history|ash_history|sh_history|history|python_history|mysql_history|psql_history|lesshst|viminfo)$/;
/** What rotation leaves: `name.1`, `name.1.gz`, `name-20240101`. */
const ROTATED = /(?:\.\d{1,3}|-\d{8}(?:-\d+)?|\.old)(?:\.(?:gz|xz|bz2|zst))?$/;

export const logCleared: Rule = {
  id: 'log-cleared',
  title: 'a log was emptied or removed',
  severity: 'low',
  techniques: ['T1070.002'],
  why: 'Logs of logins grow, or are rotated under another name. One that is empty or gone was made so.',
  benign:
    'Rotation with truncation (copytruncate); packages that lay an empty log; images that empty logs at the start.',
  *judge(tables) {
    const { packages } = tables;
    const changed = changedFiles(tables);
    const rotated = new Set(
      changed.filter(({ path }) => ROTATED.test(path)).map(({ path }) => path.replace(ROTATED, '')),
    );
    for (const { path, change, size, linkTarget, type } of changed) {
      if (!LOG.test(path) || rotated.has(path) || ROTATED.test(path)) continue;
      const isLogin = LOGINS.test(path);
      const nowhere = type === 'symlink' && linkTarget === '/dev/null';
      const emptied = type === 'file' && size === 0 && change !== 'added';
      if (
        !(
          nowhere ||
          (isLogin && (emptied || change === 'deleted')) ||
          (change === 'deleted' && /\.log$/.test(path)) ||
          (emptied && change === 'changed')
        )
      )
        continue;
      const how = nowhere ? 'leads to /dev/null' : change === 'deleted' ? 'was deleted' : 'was emptied';
      const sure = nowhere || change === 'changed' || change === 'deleted';
      yield {
        summary: `${path}${isLogin ? ', which tells of logins,' : ''} ${how}`,
        references: [{ kind: 'rootfs', path }],
        // Packages lay empty ones as they are installed.
        severity: isLogin && sure ? 'medium' : !sure && packages.managers.length > 0 ? 'info' : undefined,
        details: { change, size },
      };
    }
  },
};

export const historyCleared: Rule = {
  id: 'history-cleared',
  title: 'a shell keeps no history',
  severity: 'medium',
  techniques: ['T1070.003'],
  why: 'A history that leads to /dev/null, or that was emptied, is that of somebody who does not want to be read.',
  benign:
    'Hardening guides that link the history of root to /dev/null in the image; then it is no change of the container.',
  *judge(tables) {
    for (const { path, change, size, linkTarget, type } of changedFiles(tables)) {
      if (!HISTORY.test(path)) continue;
      const nowhere = type === 'symlink' && linkTarget === '/dev/null';
      const emptied = type === 'file' && size === 0;
      if (!nowhere && !emptied && change !== 'deleted') continue;
      yield {
        summary: `${path} ${nowhere ? 'leads to /dev/null' : emptied ? 'is empty' : 'was deleted'}`,
        references: [{ kind: 'rootfs', path }],
        severity: nowhere ? undefined : 'low',
        details: { change, linkTarget },
      };
    }
  },
};
