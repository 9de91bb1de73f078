import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atPlace } from './place-hint.ts';

test('an advised command speaks to the node that the failed one was sent to', () => {
  const hint = 'start it with `npx stillframe node up`; `stillframe pods` lists what runs';
  assert.equal(atPlace(hint, ['pods']), hint);
  assert.equal(
    atPlace(hint, ['rm', 'a/b', '--state', '/s 1', '--root=/r']),
    "start it with `npx stillframe node up --state '/s 1' --root /r`; `stillframe pods --state '/s 1' --root /r` lists what runs",
  );
  assert.equal(
    atPlace(hint, ['rm', 'a/b', '--cri', '/c.sock']),
    'start it with `npx stillframe node up`; `stillframe pods --cri /c.sock` lists what runs',
  );
});

test('commands that speak to no node, and words of a container’s own command, are left alone', () => {
  assert.equal(atPlace('`stillframe inspect` shows it', ['pods', '--state', '/s']), '`stillframe inspect` shows it');
  assert.equal(atPlace('`stillframe pods`', ['run', 'a/b', '--', 'x', '--state', '/s']), '`stillframe pods`');
  assert.equal(atPlace('`stillframe pods`', ['run', 'a/b', '--state']), '`stillframe pods`');
});
