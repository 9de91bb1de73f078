import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRow, said } from './changes.fixture.ts';
import { historyCleared, logCleared } from './log-cleared.ts';

test('an emptied log of logins is told, more surely where the image had lines in it', () => {
  assert.deepEqual(said(logCleared, { changes: [changeRow('/var/log/auth.log', { size: 0, change: 'changed' })] }), [
    'medium rootfs/var/log/auth.log',
  ]);
  assert.deepEqual(said(logCleared, { changes: [changeRow('/var/log/wtmp', { size: 0 })] }), [
    'low rootfs/var/log/wtmp',
  ]);
  assert.deepEqual(
    said(logCleared, { changes: [changeRow('/var/log/lastlog', { change: 'deleted', type: undefined })] }),
    ['medium rootfs/var/log/lastlog'],
  );
  const away = changeRow('/var/log/nginx/access.log', { type: 'symlink', linkTarget: '/dev/null' });
  assert.deepEqual(said(logCleared, { changes: [away] }), ['low rootfs/var/log/nginx/access.log']);
});

test('rotation, logs that are written, and those that lead to standard output are ordinary', () => {
  const changes = [
    changeRow('/var/log/auth.log', { size: 0, change: 'changed' }),
    changeRow('/var/log/auth.log.1'),
    changeRow('/var/log/app/app.log', { size: 0 }),
    changeRow('/var/log/nginx/access.log', { type: 'symlink', linkTarget: '/dev/stdout' }),
    changeRow('/var/log/dpkg.log'),
  ];
  assert.deepEqual(said(logCleared, { changes }), []);
});

test('a history that leads nowhere is told', () => {
  const changes = [
    changeRow('/root/.bash_history', { type: 'symlink', linkTarget: '/dev/null' }),
    changeRow('/home/u/.zsh_history', { size: 0 }),
  ];
  assert.deepEqual(said(historyCleared, { changes }), [
    'medium rootfs/root/.bash_history',
    'low rootfs/home/u/.zsh_history',
  ]);
  assert.deepEqual(said(historyCleared, { changes: [changeRow('/root/.bash_history', { size: 40 })] }), []);
});
