import { acting, applet, ruleCases, running } from './cases.fixture.ts';
import { newPrivileges, seccompOff, setuidTransition } from './confinement.ts';

ruleCases(
  seccompOff,
  {
    'a container without a filter, once': {
      rows: { processes: [1, 2].map((pid) => running(['x'], { pid, seccomp: 'disabled' })) },
      severity: 'low',
      says: /in any of 2 processes/,
    },
    'one that came in by another way': {
      rows: { processes: [running(['x']), applet(['sh'], { pid: 9, seccomp: 'disabled' })] },
      severity: 'medium',
      says: /process 9 \(sh\) has no filter/,
    },
  },
  { 'filters for all': { processes: [running(['x']), running(['y'], { pid: 2 })] } },
);

ruleCases(
  newPrivileges,
  { 'a user': { rows: { processes: [running(['x'], { credentials: acting({ uid: 1000 }) })] }, severity: 'info' } },
  { root: { processes: [running(['x'], { credentials: acting() })] } },
);

const asRoot = acting({ uid: 1000, euid: 0 });

ruleCases(
  setuidTransition,
  {
    'a shell that is root for a user': {
      rows: { processes: [applet(['sh', '-p'], { credentials: asRoot })] },
      severity: 'high',
    },
    'a program that nobody knows': {
      rows: { processes: [running(['/opt/tool'], { credentials: asRoot })] },
      severity: 'medium',
    },
    'one that may become root again': {
      rows: { processes: [running(['/opt/tool'], { credentials: acting({ uid: 33, euid: 33, suid: 0 }) })] },
      severity: 'medium',
      says: /may become root again/,
    },
  },
  {
    'sudo and ping at work': {
      processes: [
        running(['sudo', 'x'], { credentials: asRoot }),
        running(['ping', 'x'], { pid: 2, credentials: asRoot }),
      ],
    },
    'a service that gave root up': {
      processes: [running(['cron'], { credentials: acting({ uid: 0, euid: 1, suid: 0 }) })],
    },
    'a user that is nothing else': { processes: [running(['redis-server'], { credentials: acting({ uid: 999 }) })] },
  },
);
