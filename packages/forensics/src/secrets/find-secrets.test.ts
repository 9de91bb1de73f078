import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpointFile } from '@stillframe/checkpoint';
import { findSecrets } from './find-secrets.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const fixture = (name: string) => openCheckpointFile(join(FIXTURES, name));

interface Planted {
  kind: string;
  pieces: readonly string[];
}

test('what an intruder left in memory, environment and files is found: one row each, with its places', async () => {
  const text = await readFile(join(FIXTURES, 'compromised.truth.json'), 'utf8');
  const truth = JSON.parse(text) as { credentials: Record<'memory' | 'environment' | 'files', readonly Planted[]> };
  await using checkpoint = await fixture('compromised.tar.zst');
  const { secrets, omissions } = await findSecrets(checkpoint);
  assert.deepEqual(omissions, []);
  assert.deepEqual(
    secrets.map(({ detector, count, pids, places }) => [detector, count, pids, places.map(({ where }) => where)]),
    [
      ['aws-access-key-id', 3, [31], ['memory', 'environment', 'rootfs']],
      ['aws-secret-access-key', 3, [31], ['memory', 'environment', 'rootfs']],
      ['github-token', 3, [31], ['memory', 'environment', 'rootfs']],
      ['jwt', 2, [31], ['memory', 'rootfs']],
      ['jwt', 2, [31], ['memory', 'rootfs']],
      ['private-key', 2, [31], ['memory', 'rootfs']],
      ['url-password', 3, [31], ['memory', 'environment', 'rootfs']],
    ],
  );
  const plain = (value: string) => value.replaceAll(/\s/g, '');
  for (const { kind, pieces } of Object.values(truth.credentials).flat()) {
    const planted = plain(pieces.join(''));
    assert.ok(
      secrets.some(({ value }) => planted.includes(plain(value))),
      kind,
    );
  }
});

test('in a container where nobody left a secret none is found', async () => {
  await using checkpoint = await fixture('clean.tar.zst');
  assert.deepEqual(await findSecrets(checkpoint), { secrets: [], omissions: [] });
});

test('what did not fit, or was not looked at, is said', async () => {
  await using checkpoint = await fixture('compromised.tar.zst');
  const few = await findSecrets(checkpoint, { most: 2 });
  assert.equal(few.secrets.length, 2);
  assert.match(few.omissions.join(), /finds of further secrets had no room/);
  const cut = await findSecrets(checkpoint, { limit: 1 });
  assert.equal(cut.omissions.length, 2);
});

test('it ends with its signal', async () => {
  await using checkpoint = await fixture('compromised.tar.zst');
  await assert.rejects(findSecrets(checkpoint, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
