import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../checkpoint.ts';
import { convertFor } from './convert-for.ts';

const fixture = (name: string) => join(import.meta.dirname, '../../fixtures', `${name}-counter.tar`);

test('a dump below a root that containerd never has is refused, and what to do is said', async () => {
  await using checkpoint = await openCheckpoint(fixture('crio'));
  await assert.rejects(convertFor(checkpoint, 'containerd'), {
    code: 'ERR_CHECKPOINT_CONVERSION',
    message: /mode 0555/,
    hint: /--annotation io\.stillframe\.checkpoint\/for=containerd/,
  });
});

test('other directions are refused by name', async () => {
  for (const [name, target] of [
    ['podman', 'containerd'],
    ['containerd', 'cri-o'],
    ['crio', 'cri-o'],
  ] as const) {
    await using checkpoint = await openCheckpoint(fixture(name));
    await assert.rejects(convertFor(checkpoint, target), { code: 'ERR_CHECKPOINT_CONVERSION' }, name);
  }
});
