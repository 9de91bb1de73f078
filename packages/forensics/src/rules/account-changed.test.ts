import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountFileChanged, accountPassword, accountSecondRoot } from './account-changed.ts';
import { changeRow, said, saidOfTexts, textRow } from './changes.fixture.ts';

const ROOT = 'root:x:0:0:root:/root:/bin/sh\n';

test('a second account with uid 0 is root by another name', () => {
  const row = textRow('/etc/passwd', `${ROOT}toor::0:0::/root:/bin/sh\n`);
  assert.deepEqual(saidOfTexts(accountSecondRoot, row), ['high rootfs/etc/passwd']);
});

test('root itself, accounts of services, and what the image had are not', () => {
  const before = `${ROOT}toor:x:0:0::/root:/bin/sh\n`;
  assert.deepEqual(
    saidOfTexts(accountSecondRoot, textRow('/etc/passwd', `${before}app:x:1000:0::/:/bin/sh\n`, { before })),
    [],
  );
});

test('an account that got a password is told, a little less where the image cannot say whether it had it', () => {
  const text = 'root:$6$salt$hash:19000:0:99999:7:::\n';
  assert.deepEqual(saidOfTexts(accountPassword, textRow('/etc/shadow', text)), ['low rootfs/etc/shadow']);
  const changed = textRow('/etc/shadow', text, { before: 'root:*:19000:0:99999:7:::\n' });
  assert.deepEqual(saidOfTexts(accountPassword, changed), ['medium rootfs/etc/shadow']);
  assert.deepEqual(saidOfTexts(accountPassword, textRow('/etc/passwd', 'x::1001:1001::/:/bin/sh\n')), [
    'medium rootfs/etc/passwd',
  ]);
});

test('locked accounts have none', () => {
  assert.deepEqual(
    saidOfTexts(accountPassword, textRow('/etc/shadow', 'app:!:19000::::::\nb:*:19000::::::\nroot:!*:1::::::\n')),
    [],
  );
});

test('an entrypoint that adds its user is worth no more than a note, and the mountpoint of a runtime not even that', () => {
  const row = textRow('/etc/passwd', `${ROOT}app:x:1234:0::/:/bin/sh\n`);
  assert.deepEqual(saidOfTexts(accountFileChanged, row), ['info rootfs/etc/passwd']);
  const changes = [changeRow('/etc/passwd', { flags: ['mountpoint'] })];
  assert.deepEqual(said(accountFileChanged, { texts: [row], changes }), []);
});
