import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentKind } from './content-kind.ts';
import { isHidden, isScratch, isSystem, type TextTopic, topicOf } from './text-places.ts';

const PLACES: Record<TextTopic, readonly string[]> = {
  accounts: ['/etc/passwd', '/etc/shadow'],
  sudoers: ['/etc/sudoers', '/etc/sudoers.d/x', '/etc/doas.conf'],
  cron: [
    '/etc/crontab',
    '/etc/cron.d/x',
    '/etc/cron.daily/x',
    '/var/spool/cron/crontabs/root',
    '/etc/crontabs/root',
    '/etc/periodic/15min/x',
  ],
  'shell-start': [
    '/etc/profile',
    '/etc/profile.d/x.sh',
    '/root/.bashrc',
    '/home/ada/.zshrc',
    '/etc/environment',
    '/.profile',
  ],
  loader: ['/etc/ld.so.preload', '/etc/ld.so.conf.d/x.conf', '/etc/ld-musl-x86_64.path'],
  service: [
    '/etc/systemd/system/x.service',
    '/lib/systemd/system/x.timer',
    '/etc/init.d/x',
    '/etc/rc.local',
    '/etc/supervisor/conf.d/x.conf',
  ],
  'ssh-keys': ['/root/.ssh/authorized_keys', '/home/ada/.ssh/authorized_keys2', '/data/ada/.ssh/rc'],
  sshd: ['/etc/ssh/sshd_config', '/etc/ssh/sshd_config.d/x.conf'],
  pam: ['/etc/pam.d/sshd', '/etc/pam.conf'],
  names: ['/etc/hosts', '/etc/resolv.conf', '/etc/nsswitch.conf'],
  web: [
    '/var/www/html/x.php',
    '/usr/share/nginx/html/x.php',
    '/srv/x.jsp',
    '/opt/tomcat/webapps/a/b.jsp',
    '/data/htdocs/x.PHP',
    '/usr/lib/cgi-bin/x.py',
  ],
  'package-hooks': ['/etc/apt/apt.conf.d/x', '/etc/apk/commit_hooks.d/x', '/etc/apt/sources.list'],
  'interpreter-start': ['/usr/lib/python3/dist-packages/x.pth', '/usr/lib/python3.12/sitecustomize.py'],
  'client-config': ['/root/.docker/config.json'],
  kernel: ['/tmp/cgrp/release_agent'],
};

for (const [topic, paths] of Object.entries(PLACES)) {
  test(`${topic} is looked for where it belongs`, () => {
    assert.deepEqual(
      paths.map((path) => [path, topicOf(path)]),
      paths.map((path) => [path, topic]),
    );
  });
}

test('what only looks like such a place has no topic', () => {
  for (const path of [
    '/srv/passwd',
    '/etc/passwd-',
    '/etc/cron.d',
    '/opt/etc/crontab',
    '/var/www/html/logo.png',
    '/root/notes.sh',
  ])
    assert.equal(topicOf(path), undefined, path);
});

test('folders for temporary files, of the system, and hidden names are told apart', () => {
  assert.deepEqual(['/tmp/x', '/dev/shm/x', '/run/x', '/usr/tmp/x', '/tmp'].map(isScratch), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.deepEqual(['/bin/x', '/usr/local/sbin/x', '/usr/lib64/x', '/opt/bin/x', '/usr/share/x'].map(isSystem), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.deepEqual(['/tmp/.x/y', '/a/b', '/a/..b', '/a.b'].map(isHidden), [true, false, true, false]);
});

test('a file is what its first bytes say', () => {
  const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
  const kinds = [
    '7f454c4602',
    '23212f62696e',
    '1f8b0800',
    '504b0304',
    '68656c6c6f0a',
    '00010203',
    '',
    '1b5b316d78',
  ].map((hex) => contentKind(bytes(hex)));
  assert.deepEqual(kinds, ['elf', 'script', 'archive', 'archive', 'text', 'binary', 'empty', 'text']);
});
