import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRow, said } from './changes.fixture.ts';
import { deviceNode, privilegedFile } from './privileged-file.ts';

test('a setuid program of root is told, capabilities and setgid a little less', () => {
  const changes = [
    changeRow('/usr/local/sbin/.sh', { mode: 0o4755, flags: ['setuid'] }),
    changeRow('/usr/bin/ping', { mode: 0o755, flags: ['capabilities'] }),
    changeRow('/usr/bin/wall', { mode: 0o2755, flags: ['setgid'] }),
    changeRow('/tmp/x', { mode: 0o755, flags: ['capabilities'] }),
  ];
  assert.deepEqual(said(privilegedFile, { changes }), [
    'high rootfs/usr/local/sbin/.sh',
    'medium rootfs/usr/bin/ping',
    'medium rootfs/usr/bin/wall',
    'high rootfs/tmp/x',
  ]);
});

test('one that a package brought is expected, and what nobody can run gives nothing', () => {
  const path = '/usr/bin/sudo';
  const packages = {
    managers: ['dpkg' as const],
    files: [{ path, manager: 'dpkg' as const, package: 'sudo', content: 'same' as const }],
  };
  const changes = [
    changeRow(path, { mode: 0o4755, flags: ['setuid'] }),
    changeRow('/data/x', { mode: 0o2644, flags: ['setgid'] }),
  ];
  assert.deepEqual(said(privilegedFile, { packages, changes }), ['low rootfs/usr/bin/sudo']);
});

test('a disk of the host is worse than the null of a jail', () => {
  const changes = [
    changeRow('/tmp/sda', { type: 'device', device: 'block 8:0', flags: ['device'] }),
    changeRow('/var/spool/postfix/dev/random', { type: 'device', device: 'character 1:8', flags: ['device'] }),
    changeRow('/etc/hosts'),
  ];
  assert.deepEqual(said(deviceNode, { changes }), ['high rootfs/tmp/sda', 'info rootfs/var/spool/postfix/dev/random']);
});
