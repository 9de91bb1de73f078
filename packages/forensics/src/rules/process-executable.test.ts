import { applet, changedFile, ruleCases, running } from './cases.fixture.ts';
import { processExecutableMemfd, processExecutablePlace, workingFolderHidden } from './process-executable.ts';
import { processExecutableDeleted } from './process-executable-deleted.ts';

const memfd = (path: string) => ({ path, deleted: true, memfd: true, filesystem: undefined });
const gone = (path: string) => ({ path, deleted: true, memfd: false, filesystem: 'overlay' });

ruleCases(
  processExecutableDeleted,
  {
    'a dropped program': { rows: { processes: [running(['x'], { executable: gone('/tmp/.x') })] }, severity: 'high' },
    'a deleted program of the system, less bad': {
      rows: { processes: [running(['x'], { executable: gone('/usr/sbin/x') })] },
      severity: 'medium',
    },
    'an upgrade in place, hardly bad': {
      rows: { processes: [running(['x'], { executable: gone('/usr/sbin/x') })], changes: [changedFile('/usr/sbin/x')] },
      severity: 'low',
      says: /replaced/,
    },
  },
  { 'a program that is there': { processes: [running(['/usr/bin/redis-server'])] } },
);

ruleCases(
  processExecutableMemfd,
  {
    'a loader’s program': {
      rows: { processes: [running(['auditd'], { executable: memfd('kaudit') })] },
      severity: 'high',
    },
    'a runtime’s own clone, hardly bad': {
      rows: { processes: [running(['runc'], { executable: memfd('runc_cloned:/proc/self/exe') })] },
      severity: 'low',
    },
  },
  { 'a deleted file, which is another rule': { processes: [running(['x'], { executable: gone('/tmp/x') })] } },
);

ruleCases(
  processExecutablePlace,
  {
    'programs of one file, once': {
      rows: { processes: [running(['/tmp/.x/a'], { pid: 7 }), running(['/tmp/.x/a'], { pid: 8 })] },
      severity: 'high',
      says: /process 7 \(a\) and 1 more run \/tmp\/\.x\/a/,
    },
    'shared memory': { rows: { processes: [running(['/dev/shm/a'])] }, severity: 'high' },
    'a hidden folder of the system': { rows: { processes: [running(['/usr/lib/.cache/a'])] }, severity: 'high' },
    'a filesystem in memory': {
      rows: {
        processes: [
          running(['/run/app'], { executable: { ...gone('/run/app'), deleted: false, filesystem: 'tmpfs' } }),
        ],
      },
      severity: 'medium',
    },
    'go run, hardly bad': { rows: { processes: [running(['/tmp/go-build123/b001/exe/main'])] }, severity: 'low' },
  },
  {
    'a shell of busybox': { processes: [applet(['sh', '-c', 'sleep 1'])] },
    'tools of a user': {
      processes: [running(['/root/.nvm/versions/node/v24/bin/node']), running(['/root/.local/bin/uv'])],
    },
    'the reaper of an engine': { processes: [running(['/dev/init']), running(['/run/podman-init'])] },
    'a server of an editor': { processes: [running(['/home/u/.vscode-server/bin/abc/node'])] },
  },
);

ruleCases(
  workingFolderHidden,
  {
    'a shell where tools are': { rows: { processes: [applet(['sh'], { workingFolder: '/tmp/.x' })] }, severity: 'low' },
  },
  {
    'services in their folders': {
      processes: [running(['node'], { workingFolder: '/root/.config' }), running(['x'], { workingFolder: '/tmp' })],
    },
  },
);
