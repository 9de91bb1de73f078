import { container, mappingRow, ruleCases, running } from './cases.fixture.ts';
import { libraryDeleted, libraryOddPlace, libraryPreloaded } from './libraries.ts';

const server = running(['/usr/sbin/server']);
const mapped = (backing: string, deleted = false) => ({
  processes: [server],
  mappings: [mappingRow({ backing, deleted })],
});

ruleCases(
  libraryOddPlace,
  {
    'a library behind a dot': {
      rows: mapped('/tmp/.x/libprocess.so'),
      severity: 'high',
      says: /\/tmp\/\.x\/libprocess\.so/,
    },
    'one in shared memory': { rows: mapped('/dev/shm/a.so'), severity: 'high' },
    'one in no filesystem': { rows: mapped('memfd'), severity: 'high', says: /memfd/ },
    'one of many processes, once': {
      rows: {
        processes: [server, running(['/usr/sbin/server'], { pid: 2 })],
        mappings: [1, 2].map((pid) => mappingRow({ pid, backing: '/var/tmp/a.so' })),
      },
      severity: 'high',
      says: /and 1 more have/,
    },
    'what Java unpacks, hardly bad': {
      rows: mapped('/tmp/libnetty_transport_native_epoll_x86_64123.so'),
      severity: 'low',
    },
  },
  {
    'libraries of the system and of users': {
      processes: [server],
      mappings: ['/usr/lib/libc.so.6', '/app/node_modules/x/x.node', '/root/.local/lib/python3.12/x.so'].map(
        (backing) => mappingRow({ backing }),
      ),
    },
    'closures of libffi': mapped('/tmp/ffiAbC123', true),
    'the executable, which is another rule': {
      processes: [running(['/tmp/.x/a'])],
      mappings: [mappingRow({ backing: '/tmp/.x/a' })],
    },
    'code that .NET maps twice': {
      processes: [running(['dotnet', 'app.dll'])],
      mappings: [mappingRow({ backing: 'memfd' })],
    },
  },
);

ruleCases(
  libraryDeleted,
  {
    'a library of nobody': { rows: mapped('/var/lib/app/a.so', true), severity: 'medium' },
    'an upgrade, hardly bad': { rows: mapped('/usr/lib/libssl.so.3', true), severity: 'low' },
  },
  { 'closures of libffi': mapped('/tmp/ffiAbC123', true), 'what is there': mapped('/var/lib/app/a.so') },
);

const started = (variable: string, env: string[] = []) => ({
  processes: [running(['/usr/sbin/server'], { environment: ['PATH=/bin', variable] })],
  container: container(env),
});

ruleCases(
  libraryPreloaded,
  {
    'a library behind a dot': { rows: started('LD_PRELOAD=/tmp/.x/libprocess.so'), severity: 'high' },
    'a library that nobody knows': { rows: started('LD_PRELOAD=/usr/lib/libhide.so'), severity: 'medium' },
    'an auditor of the loader': { rows: started('LD_AUDIT=/usr/lib/a.so'), severity: 'medium' },
    'libraries out of a scratch folder': { rows: started('LD_LIBRARY_PATH=/tmp/lib:/usr/lib'), severity: 'medium' },
  },
  {
    'an allocator': started('LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2'),
    'what the pod was declared with': started('LD_PRELOAD=/opt/agent.so', ['LD_PRELOAD=/opt/agent.so']),
    'folders of Java': started('LD_LIBRARY_PATH=/usr/lib/jvm/lib/server:/opt/app/lib'),
  },
);
