import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { bridgeName, bridgeNetwork, configuredNetwork, parseNetwork } from './conflist.ts';

test('the first file by name counts; other files do not', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await mkdir(join(folder.path, 'empty'));
  assert.equal(await configuredNetwork(join(folder.path, 'empty')), undefined);
  assert.equal(await configuredNetwork(join(folder.path, 'missing')), undefined);
  const write = (name: string, value: unknown) => writeFile(join(folder.path, name), JSON.stringify(value));
  await write('20-b.conflist', { name: 'b', plugins: [{ type: 'ptp' }] });
  await write('10-a.conf', { name: 'a', cniVersion: '0.4.0', type: 'bridge', bridge: 'x' });
  await writeFile(join(folder.path, '00.lock'), '');
  const found = await configuredNetwork(folder.path);
  assert.equal(found?.name, 'a');
  assert.deepEqual(
    found?.plugins.map(({ type }) => type),
    ['bridge'],
  );
});

test('a file that is wrong is an error that names it, not a pod without a network', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await writeFile(join(folder.path, 'x.conflist'), '{"name":"a","plugins":[{}]}');
  await assert.rejects(configuredNetwork(folder.path), {
    code: 'ERR_NETWORK_CONFIG',
    message: /x\.conflist: plugins\[0\] has no type$/,
  });
});

test('what a list must be', () => {
  for (const wrong of [
    null,
    [],
    {},
    { name: '../x' },
    { name: 'a', plugins: [] },
    { name: 'a', cniVersion: '9.0.0' },
  ]) {
    assert.throws(() => parseNetwork(wrong), Error, JSON.stringify(wrong));
  }
});

test('without iptables the bridge neither masquerades nor maps ports', () => {
  const options = { subnet: '10.150.0.0/24', bridge: 'b', dataFolder: '/d' };
  const types = (iptables: boolean) => bridgeNetwork({ ...options, iptables }).plugins.map(({ type }) => type);
  assert.deepEqual(types(true), ['bridge', 'portmap']);
  assert.deepEqual(types(false), ['bridge']);
});

test('a bridge’s name fits the kernel’s 15 bytes and differs from root to root', () => {
  assert.ok(bridgeName('/var/lib/stillframe').length <= 15);
  assert.notEqual(bridgeName('/a'), bridgeName('/b'));
});
