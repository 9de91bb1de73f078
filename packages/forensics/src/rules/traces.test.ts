import type { FileRow } from '../analysers/files.ts';
import { applet, container, fileRow, memoryRow, ruleCases, running } from './cases.fixture.ts';
import { debuggerRunning, historyOff, inputDeviceOpen, memoryPrivateKey, processDetached } from './traces.ts';

const device = (path: string, fd: FileRow['fd'] = 3) =>
  fileRow(1, fd, 9, { type: 'file', path, kind: 'character device', deleted: false } as unknown as FileRow['target']);

ruleCases(
  historyOff,
  {
    'shells that write nothing down': {
      rows: { processes: [1, 2].map((pid) => applet(['sh'], { pid, environment: ['HISTFILE=/dev/null'] })) },
      severity: 'medium',
      says: /and 1 more were started with HISTFILE/,
    },
  },
  {
    'an image that says so': {
      processes: [applet(['sh'], { environment: ['HISTFILE=/dev/null'] })],
      container: container(['HISTFILE=/dev/null']),
    },
    'another place': {
      processes: [applet(['sh'], { environment: ['HISTFILE=/commandhistory/.bash_history', 'HISTSIZE=1000'] })],
    },
  },
);

const key = memoryRow('memory-private-key-pem');

ruleCases(
  memoryPrivateKey,
  {
    'a key in a shell': { rows: { processes: [applet(['sh'])], memory: [key] }, severity: 'medium' },
    'a key in a program behind a dot': {
      rows: { processes: [running(['/tmp/.x/a'])], memory: [key, key] },
      severity: 'medium',
      says: /2 texts/,
    },
  },
  { 'a server’s own key': { processes: [running(['nginx'])], memory: [key] } },
);

ruleCases(
  inputDeviceOpen,
  { 'a keyboard': { rows: { processes: [running(['a'])], files: [device('/dev/input/event3')] }, severity: 'high' } },
  { 'ordinary devices': { processes: [running(['a'])], files: [device('/dev/null'), device('/dev/urandom', 4)] } },
);

ruleCases(
  debuggerRunning,
  {
    'strace and what it started': {
      rows: {
        processes: [applet(['sh']), running(['strace', '-f', 'x'], { pid: 2 }), running(['x'], { pid: 3, ppid: 2 })],
      },
      severity: 'medium',
    },
    'a container for it, hardly bad': { rows: { processes: [running(['dlv', 'exec', '/app'])] }, severity: 'low' },
  },
  { services: { processes: [running(['node', '--inspect', 'x'])] } },
);

const loose = { pid: 7, ppid: 1, sid: 7, environment: ['SHLVL=1'] };
const first = running(['/usr/bin/service']);

ruleCases(
  processDetached,
  {
    'programs of an intruder, once': {
      rows: {
        processes: [first, running(['/tmp/.x/a'], loose), applet(['sh', '-c', 'x'], { ...loose, pid: 8, sid: 8 })],
      },
      severity: 'low',
      says: /process 7 \(a\) and 1 more are alone/,
    },
  },
  {
    'daemons that an entry point started': {
      processes: [first, running(['/usr/sbin/cron'], loose), running(['/usr/sbin/sshd'], { ...loose, pid: 8, sid: 8 })],
    },
    'a helper in the session of the first process': {
      processes: [first, applet(['sh', '-c', 'x'], { ...loose, sid: 1 })],
    },
    'a shell on a terminal': {
      processes: [first, applet(['bash', '-c', 'x'], loose)],
      files: [fileRow(7, 0, 3, { type: 'tty', path: '/dev/pts/0', sid: 7, terminal: undefined })],
    },
    'a shell that entered from outside': { processes: [first, applet(['sh', '-c', 'x'], { ...loose, ppid: 0 })] },
  },
);
