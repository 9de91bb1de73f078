import type { ProcessRow } from '../analysers/processes.ts';
import { applet, pipeRow, ruleCases, running } from './cases.fixture.ts';
import { unusualChild } from './unusual-child.ts';

const nginx = running(['nginx: worker process'], { pid: 5, ppid: 1, path: '/usr/sbin/nginx' });
const under = (parent: ProcessRow, child: ProcessRow) => ({
  processes: [running(['/sbin/tini', '--']), parent, { ...child, pid: 9, ppid: parent.pid }],
});
const of = (args: string[], path?: string) =>
  running(args, { pid: 5, ppid: 1, ...(path === undefined ? {} : { path }) });

ruleCases(
  unusualChild,
  {
    'a shell under a web server': {
      rows: under(nginx, applet(['sh', '-c', 'id'])),
      severity: 'high',
      says: /nginx.*started process 9 \(sh\): a shell/,
    },
    'an interactive one, worse': { rows: under(nginx, applet(['sh', '-i'])), severity: 'critical' },
    'PHP that fetches': {
      rows: under(of(['php-fpm: pool www'], '/usr/local/sbin/php-fpm'), running(['curl', 'http://x'])),
      severity: 'medium',
    },
    'a database that joins a program to a connection': {
      rows: under(of(['postgres']), running(['nc', 'h', '1'])),
      severity: 'high',
    },
    'Java with a plain shell': { rows: under(of(['java', '-jar', 'x']), applet(['sh'])), severity: 'medium' },
    'a first process that reads what its child says': {
      rows: {
        processes: [running(['redis-server']), applet(['sh', '-c', 'id'], { pid: 9, ppid: 1 })],
        files: [pipeRow(9, 1, 3), pipeRow(1, 0, 3)],
      },
      severity: 'high',
    },
  },
  {
    'npm, which starts by a shell': under(of(['node', 'npm', 'start']), applet(['sh', '-c', 'node server.js'])),
    'a database that archives': under(of(['postgres']), applet(['sh', '-c', 'wal-g wal-push pg_wal/0001'])),
    'workers of servers': under(nginx, running(['nginx: worker process'], { path: '/usr/sbin/nginx' })),
    'a helper that an entry point left behind': {
      processes: [running(['redis-server']), applet(['sh', '-c', 'while :; do sleep 30; done'], { pid: 9, ppid: 1 })],
    },
    'an entry point, a job of cron, a shell of an admin': {
      processes: [
        running(['/sbin/tini', '--']),
        applet(['sh', '/entrypoint.sh'], { pid: 2, ppid: 1 }),
        applet(['crond', '-f'], { pid: 3, ppid: 1 }),
        applet(['sh', '-c', 'run-parts /etc/periodic/15min'], { pid: 4, ppid: 3 }),
        applet(['sh'], { pid: 6, ppid: 0 }),
      ],
    },
  },
);
