/** A pod whose users are nobody on the host: what it owns, what it sees, and what is refused. */
import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NamespaceMode } from '@stillframe/cri/proto';
import { needs } from '@stillframe/testkit';
import { openPodLab, type PodLab } from './pods.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'catatonit', 'idmapped-mounts');

const { POD, CONTAINER, NODE } = NamespaceMode;
const HOST_ROOT = 100_000;
const mapping = [{ containerId: 0, hostId: HOST_ROOT, length: 65_536 }];
const usernsOptions = { mode: POD, uids: mapping, gids: mapping };
const namespaceOptions = { network: POD, pid: CONTAINER, ipc: POD, usernsOptions };

describe('a pod in a user namespace', { skip }, () => {
  let pods: PodLab;
  before(async () => {
    pods = await openPodLab();
    // The pod's users must get to their root filesystem.
    await chmod(pods.lab.folder, 0o711);
  });
  after(() => pods[Symbol.asyncDispose]());

  const runPod = (name: string, options: object = namespaceOptions) => {
    const linux = { securityContext: { namespaceOptions: options }, sysctls: { 'net.ipv4.ip_default_ttl': '77' } };
    return pods.runPod(name, { hostname: name, linux });
  };

  test('the handlers tell that they can', async () => {
    const { runtimeHandlers } = await pods.cri.runtime.status({});
    assert.ok(runtimeHandlers.length > 0);
    for (const { name, features } of runtimeHandlers) assert.equal(features?.userNamespaces, true, name);
  });

  test('root inside owns what is inside, and is nobody outside', async () => {
    const pod = await runPod('mapped');
    const { status } = await pods.cri.runtime.podSandboxStatus({ podSandboxId: pod });
    assert.deepEqual(
      status?.linux?.namespaces?.options?.usernsOptions?.uids?.map(({ hostId }) => hostId),
      [HOST_ROOT],
    );
    const container = await pods.run(pod, 'c');
    assert.equal(
      (await pods.said(container, 'cat /proc/self/uid_map')).trim().replaceAll(/ +/g, ' '),
      `0 ${HOST_ROOT} 65536`,
    );
    assert.equal(
      await pods.said(container, 'id -u; stat -c %u:%g /bin/busybox /etc /etc/hosts /'),
      '0\n0:0\n0:0\n0:0\n0:0\n',
    );
    const pid = await pods.pidOf(container);
    assert.equal((await stat(`/proc/${pid}`)).uid, HOST_ROOT);
    assert.equal(
      await pods.said(container, 'touch /made && chown 33:44 /made && stat -c %u:%g /made; hostname'),
      '33:44\nmapped\n',
    );
    const made = await stat(`/proc/${pid}/root/made`);
    assert.deepEqual([made.uid, made.gid], [HOST_ROOT + 33, HOST_ROOT + 44]);
    // What only the owner of its namespaces may do works, what concerns the host does not.
    assert.equal(
      await pods.said(container, 'cat /proc/sys/net/ipv4/ip_default_ttl; ip link show lo | grep -c LOWER_UP'),
      '77\n1\n',
    );
    assert.match(await pods.said(container, 'echo 1 > /proc/sys/kernel/panic'), /can't create|Read-only|denied/);
    await pods.removePod(pod);
  });

  test('a volume that is mapped belongs to whom it belongs on the host, one that is not to nobody', async () => {
    const volume = join(pods.lab.folder, 'volume');
    await mkdir(volume);
    await writeFile(join(volume, 'file'), 'of user 7\n', { mode: 0o600 });
    await chown(join(volume, 'file'), 7, 7);
    const mounts = [
      { containerPath: '/mapped', hostPath: volume, uidMappings: mapping, gidMappings: mapping },
      { containerPath: '/file', hostPath: join(volume, 'file'), uidMappings: mapping, gidMappings: mapping },
      { containerPath: '/plain', hostPath: volume },
      { containerPath: '/image', readonly: true, image: { image: pods.lab.image } },
    ];
    const pod = await runPod('volumes');
    const container = await pods.run(pod, 'c', { mounts });
    assert.equal(
      await pods.said(container, 'stat -c %u /mapped/file /file /plain/file /image/bin/busybox'),
      '7\n7\n65534\n0\n',
    );
    assert.equal(await pods.said(container, 'cat /file; echo new > /mapped/new; chown 9 /mapped/new'), 'of user 7\n');
    assert.equal((await stat(join(volume, 'new'))).uid, 9);
    const { status } = await pods.cri.runtime.containerStatus({ containerId: container });
    assert.equal(status?.mounts.find(({ containerPath }) => containerPath === '/mapped')?.hostPath, volume);
    const other = [{ containerId: 0, hostId: 5, length: 65_536 }];
    const wrong = { containerPath: '/mapped', hostPath: volume, uidMappings: other, gidMappings: other };
    await assert.rejects(pods.create(pod, 'wrong', { mounts: [wrong] }), { message: /is not the pod's/ });
    await pods.removePod(pod);
    assert.equal(await readFile(join(volume, 'file'), 'utf8'), 'of user 7\n');
  });

  test('its processes may be shared within the pod, and outlive the daemon', async () => {
    const shared = { ...namespaceOptions, pid: POD };
    const linux = { securityContext: { namespaceOptions: shared } };
    const pod = await runPod('shared', shared);
    const [one] = [await pods.run(pod, 'one', { linux }), await pods.run(pod, 'two', { linux })];
    await pods.restart();
    assert.equal((await pods.said(one, 'ps')).split('sleep 1000').length - 1, 2);
    await pods.removePod(pod);
  });

  test('what cannot be is refused with a reason: namespaces of the host, odd mappings, checkpoints', async () => {
    const refused = (options: object, message: RegExp) =>
      assert.rejects(runPod('refused', { ...namespaceOptions, ...options }), { message });
    await refused({ network: NODE }, /cannot share of the host: net/);
    await refused({ pid: NODE }, /cannot share of the host: pid/);
    await refused({ usernsOptions: { mode: POD } }, /there are 0, not one/);
    await refused({ usernsOptions: { mode: CONTAINER } }, /the pod’s own or the host’s/);
    const atRoot = [{ containerId: 0, hostId: 0, length: 65_536 }];
    await refused({ usernsOptions: { mode: POD, uids: atRoot, gids: mapping } }, /root of the host/);

    const pod = await runPod('kept');
    const hosts = { securityContext: { namespaceOptions: { ...namespaceOptions, usernsOptions: { mode: NODE } } } };
    await assert.rejects(pods.create(pod, 'hosts', { linux: hosts }), { message: /other users than its pod/ });
    const containerId = await pods.run(pod, 'c');
    const location = join(pods.lab.folder, 'kept.tar');
    await assert.rejects(pods.cri.runtime.checkpointContainer({ containerId, location }), {
      message: /users of its own/,
    });
    assert.equal(await pods.said(containerId, 'echo runs on'), 'runs on\n');
    await pods.removePod(pod);
  });
});
