import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckpointMetadata } from '@stillframe/checkpoint';
import { checkMounts, checkNamespaces } from './policy.ts';

const metadata = (...mounts: [destination: string, type: string][]) =>
  ({
    mounts: mounts.map(([destination, type]) => ({ destination, type, source: '/anywhere', options: [] })),
  }) as unknown as CheckpointMetadata;
const declared = (...paths: string[]) =>
  paths.map((containerPath) => ({ containerPath, hostPath: '/h', readonly: true }));

test('every bind mount of the checkpoint must be declared by the request', () => {
  const source = metadata(['/data', 'bind'], ['/etc/app', 'bind'], ['/data/sub', 'bind']);
  checkMounts('archive.tar', [], source, declared('/data', '/data/sub', '/etc/app', '/more'));
  assert.throws(() => checkMounts('archive.tar', [], source, declared('/data')), {
    code: 'ERR_RESTORE_REFUSED',
    message: 'restoring "archive.tar" expects following bind mounts defined (/etc/app,/data/sub)',
    details: { missing: ['/etc/app', '/data/sub'] },
  });
});

test('what the node provides itself, and what CRIU restores, need not be declared', () => {
  const provided = ['/proc', '/dev/shm', '/sys', '/etc/resolv.conf', '/etc/hostname', '/run/secrets'];
  checkMounts('archive.tar', [], metadata(...provided.map((path): [string, string] => [path, 'bind'])), []);
  checkMounts('archive.tar', [], metadata(['/scratch', 'tmpfs'], ['/dev/pts', 'devpts']), []);
});

test('a path that only begins like a provided one is not provided', () => {
  for (const path of ['/process', '/etc/passwd-', '/sys/fs', '/dev/shm/x', '/proc/', '/dev/../etc/shadow']) {
    assert.throws(() => checkMounts('a', [], metadata([path, 'bind']), []), { code: 'ERR_RESTORE_REFUSED' }, path);
  }
});

test('a hostile destination is told harmlessly', () => {
  assert.throws(() => checkMounts('a', [], metadata(['/x\n\x1b[2J\u202e', 'bind']), []), {
    message: /\(\/x\\n\\x1b\[2J\\u202e\)$/,
  });
});

test('a dump that CRIU would restore into the host’s mounts or pids is refused', () => {
  const facts = (kind: 'mnt' | 'pid') => {
    const own = { mnt: 'own', pid: 'own', net: 'shared', ipc: 'shared', uts: 'shared' } as const;
    return { external: [], internal: [], netId: 1, namespaces: { ...own, [kind]: 'shared' } };
  };
  for (const [kind, name] of [
    ['mnt', 'mount'],
    ['pid', 'PID'],
  ] as const) {
    const message = `restoring "a" would put it into the host's ${name} namespace`;
    assert.throws(() => checkNamespaces('a', facts(kind)), { code: 'ERR_RESTORE_REFUSED', message });
  }
});

test('mounts that only the images tell of must be declared, too', () => {
  assert.throws(() => checkMounts('a', ['/data'], metadata(), []), { message: /\(\/data\)/ });
});

test('a file for last words must be declared, too, and the hint says what does for it', () => {
  const asked = () => checkMounts('a', ['/data', '/dev/termination-log'], metadata(), declared('/data'));
  assert.throws(asked, { message: /\(\/dev\/termination-log\)/, hint: /\/dev\/null will do/ });
});
