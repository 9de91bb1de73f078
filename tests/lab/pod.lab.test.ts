/** What a pod gives its containers: network, names, processes and limits on what they may do, over the CRI. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { NamespaceMode, PodSandboxState, SecurityProfile_ProfileType } from '@stillframe/cri/proto';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'catatonit');
type Config = NonNullable<Parameters<CriClient['runtime']['createContainer']>[0]['config']>;
type PodConfig = NonNullable<Parameters<CriClient['runtime']['runPodSandbox']>[0]['config']>;

const { POD, CONTAINER } = NamespaceMode;

describe('a pod over the CRI', { skip }, () => {
  let lab: Lab;
  let cri: CriClient;
  before(async () => {
    lab = await openLab();
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    await cri.image.pullImage({ image: { image: lab.image } });
  });
  after(async () => {
    await cri?.[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const runPod = async (name: string, more: Partial<PodConfig> = {}) => {
    const config = { metadata: { name, uid: name, namespace: 'default' }, ...more } as PodConfig;
    return (await cri.runtime.runPodSandbox({ config })).podSandboxId;
  };
  const run = async (podSandboxId: string, name: string, more: Partial<Config> = {}) => {
    const command = ['/bin/busybox', 'sleep', '1000'];
    const config = { metadata: { name }, image: { image: lab.image }, command, ...more } as Config;
    const { containerId } = await cri.runtime.createContainer({ podSandboxId, config });
    await cri.runtime.startContainer({ containerId });
    return containerId;
  };
  const said = async (containerId: string, script: string) => {
    const cmd = ['/bin/busybox', 'sh', '-c', script];
    const { stdout, stderr } = await cri.runtime.execSync({ containerId, cmd, timeout: 10n });
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  };
  const removed = (podSandboxId: string) => cri.runtime.removePodSandbox({ podSandboxId });

  test('names, addresses and kernel settings are its own; a checkpoint carries them to another', async () => {
    const dnsConfig = { servers: ['10.9.8.7'], searches: ['svc'], options: ['ndots:5'] };
    const sysctls = { 'net.ipv4.ip_unprivileged_port_start': '77', 'kernel.shm_rmid_forced': '1' };
    const pod = await runPod('named', { hostname: 'box', dnsConfig, linux: { sysctls } } as Partial<PodConfig>);
    const container = await run(pod, 'c');
    const ip = (await cri.runtime.podSandboxStatus({ podSandboxId: pod })).status?.network?.ip ?? '';
    const files = await said(container, 'hostname; cat /etc/hostname /etc/resolv.conf /etc/hosts');
    assert.ok(files.startsWith('box\nbox\nsearch svc\nnameserver 10.9.8.7\noptions ndots:5\n'), files);
    assert.ok(files.endsWith(`${ip}\tbox\n`), files);
    const path = '/proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced';
    assert.equal(await said(container, `cat ${path}`), '77\n1\n');

    const location = join(lab.folder, 'named.tar');
    await cri.runtime.checkpointContainer({ containerId: container, location });
    const other = await runPod('copy', { hostname: 'other', annotations: { 'io.stillframe.network': 'none' } });
    const copy = await run(other, 'c', { image: { image: location } } as Partial<Config>);
    // Mounts are the new pod's; what lies in the root filesystem came along.
    assert.equal(await said(copy, 'cat /etc/hostname'), 'other\n');
    assert.match(await said(copy, 'cat /etc/hosts'), /\tbox$/m);
    assert.equal(await said(copy, 'ls /sys/class/net'), await said(copy, 'echo lo'));
    await Promise.all([pod, other].map(removed));
  });

  test('processes are shared where asked for; the pod outlives its daemon, and its copy runs in another', async () => {
    const namespaceOptions = { pid: POD };
    const linux = { securityContext: { namespaceOptions } };
    const pod = await runPod('shared', { linux } as Partial<PodConfig>);
    const [one = '', two = ''] = [
      await run(pod, 'one', { linux } as Partial<Config>),
      await run(pod, 'two', { linux } as Partial<Config>),
    ];
    const sleepers = async (id: string) => (await said(id, 'ps')).split('sleep 1000').length - 1;
    assert.equal(await sleepers(one), 2);
    const own = { securityContext: { namespaceOptions: { pid: CONTAINER } } };
    assert.equal(await sleepers(await run(pod, 'own', { linux: own } as Partial<Config>)), 1);

    const location = join(lab.folder, 'shared.tar');
    await cri.runtime.checkpointContainer({ containerId: one, location });
    process.kill(lab.endpoints.pid, 'SIGKILL');
    await lab.stillframe.up<Endpoints>(0);
    await cri[Symbol.asyncDispose]();
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    const { status } = await cri.runtime.podSandboxStatus({ podSandboxId: pod });
    assert.equal(status?.state, PodSandboxState.SANDBOX_READY);
    await cri.runtime.stopContainer({ containerId: two, timeout: 0n });
    assert.equal(await sleepers(one), 1);

    const other = await runPod('shared-copy', { linux } as Partial<PodConfig>);
    const copy = await run(other, 'one', { linux, image: { image: location } } as Partial<Config>);
    assert.match(await said(copy, 'ps'), /^ +1 .*catatonit.*sleep 1000/ms);
    await Promise.all([pod, other].map(removed));
    for (const folder of ['namespaces', 'sandboxes'])
      assert.deepEqual(await readdir(join(lab.folder, 'state', folder)), []);
  });

  test('a container is held to its security context, and restored with it', async () => {
    const pod = await runPod('held');
    const seccomp = { profileType: SecurityProfile_ProfileType.RuntimeDefault };
    const securityContext = { seccomp, noNewPrivs: true, readonlyRootfs: true, maskedPaths: ['/proc/version'] };
    const container = await run(pod, 'c', { linux: { securityContext } } as Partial<Config>);
    const script = 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/version; touch /x; unshare -n true';
    const held = /NoNewPrivs:\t1\nSeccomp:\t2\n.*Read-only file system\n.*(unshare|not found).*\n$/s;
    assert.match(await said(container, script), held);
    const location = join(lab.folder, 'held.tar');
    await cri.runtime.checkpointContainer({ containerId: container, location });
    const copy = await run(pod, 'copy', { linux: { securityContext }, image: { image: location } } as Partial<Config>);
    assert.match(await said(copy, 'grep -E "^(NoNewPrivs|Seccomp):" /proc/1/status'), /NoNewPrivs:\t1\nSeccomp:\t2\n/);

    const refused = (context: object, message: RegExp) =>
      assert.rejects(run(pod, 'no', { linux: { securityContext: context } } as Partial<Config>), { message });
    await refused({ runAsGroup: { value: 5n } }, /a group to run as is given without a user/);
    await refused({ privileged: true }, /needs a privileged pod sandbox/);
    await refused({ seccomp: { profileType: 2, localhostRef: '/nowhere.json' } }, /seccomp profile "\/nowhere.json"/);
    await assert.rejects(runPod('bad', { linux: { sysctls: { 'kernel.panic': '1' } } } as Partial<PodConfig>), {
      message: /belongs to the whole host/,
    });
    await removed(pod);
  });
});
