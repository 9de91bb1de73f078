import { applet, ruleCases, running } from './cases.fixture.ts';
import { processKernelThreadName, processNameDiffers } from './process-names.ts';

ruleCases(
  processKernelThreadName,
  {
    brackets: { rows: { processes: [running(['[kworker/0:1]'], { path: '/tmp/.x/a', name: 'a' })] }, severity: 'high' },
    'a name alone': { rows: { processes: [running(['/tmp/.x/kworker'])] }, severity: 'high' },
    'a name that a script gave itself': {
      rows: { processes: [running(['[kthreadd]'], { path: '/usr/bin/perl', name: 'perl' })] },
      severity: 'high',
    },
  },
  {
    'titles in brackets': {
      processes: [
        running(['[celeryd: celery@host:MainProcess]'], { path: '/usr/local/bin/python3.12', name: 'python3.12' }),
      ],
    },
    'a dead process': {
      processes: [running(['kworker/0:1'], { state: 'dead', name: 'kworker/0:1', executable: undefined })],
    },
    'an ordinary loop device helper': { processes: [running(['/usr/sbin/watchdogd'])] },
  },
);

ruleCases(
  processNameDiffers,
  {
    'a program in a scratch folder that claims to be sshd': {
      rows: { processes: [running(['sshd: root@pts/0'], { path: '/tmp/a', name: 'sshd' })] },
      severity: 'high',
      says: /claims to be sshd/,
    },
    'a script that claims to be a web server': {
      rows: { processes: [running(['/usr/sbin/httpd'], { path: '/usr/bin/perl', name: 'httpd' })] },
      severity: 'high',
    },
    'another program of the system': {
      rows: { processes: [running(['auditd'], { path: '/usr/bin/tool', name: 'tool' })] },
      severity: 'medium',
    },
  },
  {
    'titles of servers': {
      processes: [
        running(['nginx: worker process'], { path: '/usr/sbin/nginx', name: 'nginx' }),
        running(['postgres: checkpointer '], { path: '/usr/lib/postgresql/16/bin/postgres', name: 'postgres' }),
        running(['redis-server *:6379'], { path: '/usr/local/bin/redis-server', name: 'redis-server' }),
        running(['php-fpm: pool www'], { path: '/usr/local/sbin/php-fpm', name: 'php-fpm' }),
        running(['sshd: /usr/sbin/sshd -D [listener]'], { path: '/usr/sbin/sshd', name: 'sshd' }),
        running(['postgres: patroni'], { path: '/usr/bin/python3.11', name: 'patroni' }),
      ],
    },
    'applets of busybox': { processes: [applet(['crond', '-f']), applet(['httpd', '-f']), applet(['-sh'])] },
    'names that the kernel cut': { processes: [running(['/usr/bin/prometheus-node-exporter'])] },
    'interpreters with their scripts': {
      processes: [
        running(['python3', '/usr/bin/supervisord'], { path: '/usr/bin/python3.11', name: 'supervisord' }),
        running(['/usr/bin/perl', '/usr/sbin/sshd'], { name: 'sshd', path: '/usr/bin/perl' }),
      ],
    },
    'reapers, Java and what is linked': {
      processes: [
        running(['/sbin/tini', '--', 'x'], { path: '/usr/bin/tini-static', name: 'tini' }),
        running(['/usr/bin/java'], { path: '/usr/lib/jvm/java-21/bin/java' }),
        running(['mysqld'], { path: '/usr/sbin/mariadbd', name: 'mysqld' }),
        running(['/sbin/init'], { path: '/usr/lib/systemd/systemd', name: 'systemd' }),
      ],
    },
  },
);
