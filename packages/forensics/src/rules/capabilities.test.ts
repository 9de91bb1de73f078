import { capabilitiesDangerous, capabilitiesGained, rootOfHost } from './capabilities.ts';
import { acting, container, ruleCases, running } from './cases.fixture.ts';

const ALL = (1n << 41n) - 1n;
const ORDINARY = 0xa80425fbn;
const server = (pid: number, credentials = acting()) =>
  running(['/usr/sbin/server'], { pid, ppid: pid - 1, credentials });
const admin = acting({ effective: 1n << 21n, names: ['CAP_SYS_ADMIN'] });

ruleCases(
  capabilitiesDangerous,
  {
    'a privileged container, once': {
      rows: {
        processes: [1, 2, 3].map((pid) =>
          server(pid, acting({ effective: ALL, names: ['CAP_SYS_ADMIN', 'CAP_SYS_MODULE'] })),
        ),
      },
      severity: 'medium',
      says: /and 2 more have every capability/,
    },
    'one that may mount': {
      rows: { processes: [server(1, admin)] },
      severity: 'medium',
      says: /has CAP_SYS_ADMIN in effect/,
    },
    'one that may set the network, less bad': {
      rows: { processes: [server(1, acting({ effective: 1n << 12n, names: ['CAP_NET_ADMIN'] }))] },
      severity: 'low',
    },
  },
  {
    'what engines give to all': {
      processes: [server(1, acting({ names: ['CAP_CHOWN', 'CAP_NET_RAW', 'CAP_MKNOD'] }))],
    },
    'one in a user namespace': { processes: [server(1, admin)], container: container([], ['pid', 'user']) },
    'a dead process': { processes: [running(['x'], { state: 'dead', credentials: admin })] },
  },
);

ruleCases(
  capabilitiesGained,
  {
    'one that was put in with more': {
      rows: { processes: [server(1), server(2, acting({ effective: ALL, names: ['CAP_SYS_ADMIN'] }))] },
      severity: 'high',
      says: /process 2 \(server\) has CAP_SYS_ADMIN, which process 1 \(server\) cannot have/,
    },
  },
  {
    'one with less': { processes: [server(1), server(2, acting({ effective: 0n }))] },
    'one with what the first process gave up in effect, and may have': {
      processes: [server(1, acting({ effective: 0n, bounding: ORDINARY })), server(2, acting({ effective: ORDINARY }))],
    },
  },
);

ruleCases(
  rootOfHost,
  { root: { rows: { processes: [server(1)], container: container([]) }, severity: 'info' } },
  {
    'a user namespace': { processes: [server(1)], container: container([], ['user']) },
    'a user that is not root': { processes: [server(1, acting({ uid: 1000 }))], container: container([]) },
  },
);
