/** What a pod gives its containers: network, names, processes and limits on what they may do, over the CRI. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NamespaceMode, PodSandboxState, SecurityProfile_ProfileType } from '@stillframe/cri/proto';
import { needs } from '@stillframe/testkit';
import { openPodLab, type PodLab } from './pods.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'catatonit');

const { POD, CONTAINER } = NamespaceMode;

describe('a pod over the CRI', { skip }, () => {
  let pods: PodLab;
  before(async () => {
    pods = await openPodLab();
  });
  after(() => pods[Symbol.asyncDispose]());

  test('names, addresses and kernel settings are its own; a checkpoint carries them to another', async () => {
    const dnsConfig = { servers: ['10.9.8.7'], searches: ['svc'], options: ['ndots:5'] };
    const sysctls = { 'net.ipv4.ip_unprivileged_port_start': '77', 'kernel.shm_rmid_forced': '1' };
    const pod = await pods.runPod('named', { hostname: 'box', dnsConfig, linux: { sysctls } });
    const container = await pods.run(pod, 'c');
    const ip = (await pods.cri.runtime.podSandboxStatus({ podSandboxId: pod })).status?.network?.ip ?? '';
    const files = await pods.said(container, 'hostname; cat /etc/hostname /etc/resolv.conf /etc/hosts');
    assert.ok(files.startsWith('box\nbox\nsearch svc\nnameserver 10.9.8.7\noptions ndots:5\n'), files);
    assert.ok(files.endsWith(`${ip}\tbox\n`), files);
    const path = '/proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced';
    assert.equal(await pods.said(container, `cat ${path}`), '77\n1\n');

    const location = join(pods.lab.folder, 'named.tar');
    await pods.cri.runtime.checkpointContainer({ containerId: container, location });
    const other = await pods.runPod('copy', { hostname: 'other', annotations: { 'io.stillframe.network': 'none' } });
    const copy = await pods.run(other, 'c', { image: { image: location } });
    // Mounts are the new pod's; what lies in the root filesystem came along.
    assert.equal(await pods.said(copy, 'cat /etc/hostname'), 'other\n');
    assert.match(await pods.said(copy, 'cat /etc/hosts'), /\tbox$/m);
    assert.equal(await pods.said(copy, 'ls /sys/class/net'), await pods.said(copy, 'echo lo'));
    await Promise.all([pod, other].map(pods.removePod));
  });

  test('processes are shared where asked for; the pod outlives its daemon, and its copy runs in another', async () => {
    const namespaceOptions = { pid: POD };
    const linux = { securityContext: { namespaceOptions } };
    const pod = await pods.runPod('shared', { linux });
    const [one = '', two = ''] = [await pods.run(pod, 'one', { linux }), await pods.run(pod, 'two', { linux })];
    const sleepers = async (id: string) => (await pods.said(id, 'ps')).split('sleep 1000').length - 1;
    assert.equal(await sleepers(one), 2);
    const own = { securityContext: { namespaceOptions: { pid: CONTAINER } } };
    assert.equal(await sleepers(await pods.run(pod, 'own', { linux: own })), 1);

    const location = join(pods.lab.folder, 'shared.tar');
    await pods.cri.runtime.checkpointContainer({ containerId: one, location });
    await pods.restart();
    const { status } = await pods.cri.runtime.podSandboxStatus({ podSandboxId: pod });
    assert.equal(status?.state, PodSandboxState.SANDBOX_READY);
    await pods.cri.runtime.stopContainer({ containerId: two, timeout: 0n });
    assert.equal(await sleepers(one), 1);

    const other = await pods.runPod('shared-copy', { linux });
    const copy = await pods.run(other, 'one', { linux, image: { image: location } });
    assert.match(await pods.said(copy, 'ps'), /^ +1 .*catatonit.*sleep 1000/ms);
    await Promise.all([pod, other].map(pods.removePod));
    for (const folder of ['namespaces', 'sandboxes'])
      assert.deepEqual(await readdir(join(pods.lab.folder, 'state', folder)), []);
  });

  test('a container is held to its security context, and restored with it', async () => {
    const pod = await pods.runPod('held');
    const seccomp = { profileType: SecurityProfile_ProfileType.RuntimeDefault };
    const securityContext = { seccomp, noNewPrivs: true, readonlyRootfs: true, maskedPaths: ['/proc/version'] };
    const container = await pods.run(pod, 'c', { linux: { securityContext } });
    const script = 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/version; touch /x; unshare -n true';
    const held = /NoNewPrivs:\t1\nSeccomp:\t2\n.*Read-only file system\n.*(unshare|not found).*\n$/s;
    assert.match(await pods.said(container, script), held);
    const location = join(pods.lab.folder, 'held.tar');
    await pods.cri.runtime.checkpointContainer({ containerId: container, location });
    const copy = await pods.run(pod, 'copy', { linux: { securityContext }, image: { image: location } });
    assert.match(
      await pods.said(copy, 'grep -E "^(NoNewPrivs|Seccomp):" /proc/1/status'),
      /NoNewPrivs:\t1\nSeccomp:\t2\n/,
    );

    const refused = (context: object, message: RegExp) =>
      assert.rejects(pods.run(pod, 'no', { linux: { securityContext: context } }), { message });
    await refused({ runAsGroup: { value: 5n } }, /a group to run as is given without a user/);
    await refused({ privileged: true }, /needs a privileged pod sandbox/);
    await refused({ seccomp: { profileType: 2, localhostRef: '/nowhere.json' } }, /seccomp profile "\/nowhere.json"/);
    await assert.rejects(pods.runPod('bad', { linux: { sysctls: { 'kernel.panic': '1' } } }), {
      message: /belongs to the whole host/,
    });
    await pods.removePod(pod);
  });
});
