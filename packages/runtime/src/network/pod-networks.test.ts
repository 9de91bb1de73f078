import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import { demand, run } from '../process/run.ts';
import { makeNamespaces, removeNamespaces } from '../sandbox/namespaces.ts';
import { KeyedLock } from '../store/keyed-lock.ts';
import { bridgeName } from './conflist.ts';
import { PodNetworks } from './pod-networks.ts';

const identity = { name: 'p', uid: 'u', kubeNamespace: 'n', attempt: 0 };
/** Another at each run: what a run that was killed has left is not taken for our own. */
const ID = randomBytes(32).toString('hex');

/** Lines of the host's address translation that are for a pod. */
async function rulesOf(id: string): Promise<string[]> {
  const { stdout } = await run(['iptables', '--wait', '5', '-t', 'nat', '-S'], {});
  return stdout.split('\n').filter((line) => line.includes(id));
}

const networksIn = (folder: string, more = {}) =>
  new PodNetworks({
    folder: join(folder, 'networks'),
    configFolder: join(folder, 'net.d'),
    env: process.env,
    locks: new KeyedLock(),
    logger: silentLogger,
    ...more,
  });

test(
  'a pod gets an address on the node’s own bridge; another daemon checks it and gives it back',
  needs('root', 'cni'),
  async () => {
    await using folder = await openTemporaryFolder('/var/tmp');
    const { net = '' } = await makeNamespaces(join(folder.path, 'ns'), ['net'], 'p');
    try {
      const request = { sandboxID: ID, identity, netns: net, portMappings: [] };
      const network = await networksIn(folder.path).attach(request);
      assert.equal(network.kind, 'cni', network.reason);
      const { stdout } = await demand(['nsenter', `--net=${net}`, 'ip', '-4', '-o', 'addr', 'show', 'eth0']);
      assert.match(stdout, new RegExp(`inet ${network.ips[0]}/24`));
      const later = networksIn(folder.path);
      assert.deepEqual(await later.attached(), [ID]);
      await later.check(ID);
      await demand(['nsenter', `--net=${net}`, 'ip', 'link', 'set', 'eth0', 'down']);
      await demand(['nsenter', `--net=${net}`, 'ip', 'addr', 'flush', 'dev', 'eth0']);
      await assert.rejects(later.check(ID), { code: 'ERR_NETWORK_FAILED' });
      await later.detach(ID);
      await later.detach(ID);
      assert.deepEqual(await later.attached(), []);
      const bridge = await run(['ip', 'link', 'show', bridgeName(join(folder.path, 'networks'))]);
      assert.notEqual(bridge.code, 0, 'the bridge goes with its last pod');
      assert.deepEqual(await rulesOf(ID), [], 'the pod had dropped its address, by which the plugin looks for rules');
    } finally {
      await removeNamespaces(join(folder.path, 'ns'));
    }
  },
);

test('a pod whose network namespace is gone leaves no rules either', needs('root', 'cni'), async () => {
  await using folder = await openTemporaryFolder('/var/tmp');
  const { net = '' } = await makeNamespaces(join(folder.path, 'ns'), ['net'], 'p');
  const networks = networksIn(folder.path);
  try {
    const { kind } = await networks.attach({ sandboxID: ID, identity, netns: net, portMappings: [] });
    assert.equal(kind, 'cni');
  } finally {
    await removeNamespaces(join(folder.path, 'ns'));
    await networks.detach(ID);
  }
  assert.deepEqual(await rulesOf(ID), []);
});

test('without plugins a pod has loopback and a reason; with host ports that is an error', async () => {
  await using folder = await openTemporaryFolder('/var/tmp');
  const networks = networksIn(folder.path, { pluginFolders: [folder.path] });
  const request = { sandboxID: ID, identity, netns: '/nowhere', portMappings: [] };
  const network = await networks.attach(request);
  assert.deepEqual([network.kind, network.ips], ['loopback', []]);
  assert.match(networks.reason ?? '', /CNI plugin bridge is not in/);
  const portMappings = [{ hostPort: 1, containerPort: 1, protocol: 'tcp', hostIP: '' }] as const;
  await assert.rejects(networks.attach({ ...request, portMappings }), { code: 'ERR_NETWORK_PLUGIN' });
});

test('a configured network that fails is an error, and what was made is taken down in turn', async () => {
  await using folder = await openTemporaryFolder('/var/tmp');
  const script = (name: string, add: string) =>
    writeFile(
      join(folder.path, name),
      `#!/bin/sh\ncat > /dev/null\necho "${name} $CNI_COMMAND" >> ${folder.path}/calls\n${add}`,
      {
        mode: 0o755,
      },
    );
  await script('one', '[ $CNI_COMMAND = ADD ] && echo \'{"ips":[{"address":"10.0.0.9/8"}]}\'; exit 0\n');
  await script(
    'two',
    '[ $CNI_COMMAND = ADD ] && echo \'{"code":7,"msg":"no room","details":"here"}\' && exit 1; exit 0\n',
  );
  await mkdir(join(folder.path, 'net.d'));
  const list = { name: 'x', cniVersion: '1.0.0', plugins: [{ type: 'one' }, { type: 'two' }] };
  await writeFile(join(folder.path, 'net.d/x.conflist'), JSON.stringify(list));
  const networks = networksIn(folder.path, { pluginFolders: [folder.path] });
  const request = { sandboxID: ID, identity, netns: '/nowhere', portMappings: [] };
  await assert.rejects(networks.attach(request), {
    code: 'ERR_NETWORK_FAILED',
    message: 'CNI plugin two failed to ADD: no room: here',
  });
  assert.deepEqual(await networks.attached(), []);
  const { stdout } = await demand(['cat', join(folder.path, 'calls')]);
  assert.deepEqual(stdout.trim().split('\n'), ['one ADD', 'two ADD', 'two DEL', 'one DEL']);
});
